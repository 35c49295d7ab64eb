package stillhouse.predict;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.concat;
import static org.apache.spark.sql.functions.lit;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static stillhouse.metrics.InstanceScores.Overlap.BOUNDARY;
import static stillhouse.metrics.InstanceScores.Overlap.MASK;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.spark.SparkExecutorInfo;
import org.apache.spark.scheduler.SparkListener;
import org.apache.spark.scheduler.SparkListenerTaskEnd;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import stillhouse.conf.ConfigException;
import stillhouse.data.ClassMask;
import stillhouse.data.ImageSource;
import stillhouse.data.Tile;
import stillhouse.data.UnreadableImageException;
import stillhouse.metrics.Confusion;
import stillhouse.metrics.Detection;
import stillhouse.metrics.ImageCounts;
import stillhouse.metrics.InstanceMatcher;
import stillhouse.metrics.InstanceScores;
import stillhouse.metrics.MaskCounter;
import stillhouse.metrics.Metric;
import stillhouse.metrics.PairedBootstrap;
import stillhouse.metrics.PairedDraws;
import stillhouse.metrics.SegmentationCounts;
import stillhouse.tensor.FloatTensor;

class EvaluationTest {
  private static final int IMAGES = 23;
  private static final List<String> CLASSES = List.of("red", "green");
  private static final StructType SCHEMA =
      new StructType()
          .add("sample_id", DataTypes.StringType)
          .add("group_id", DataTypes.StringType)
          .add("image_uri", DataTypes.StringType)
          .add("content_sha256", DataTypes.StringType)
          .add("mask", DataTypes.BinaryType)
          .add("width", DataTypes.IntegerType)
          .add("height", DataTypes.IntegerType);

  private static SparkSession spark;
  @TempDir Path folder;
  private final OnnxSource source = OnnxSource.of(Drawn.model("tiny_segmenter.onnx"), 1);

  @BeforeAll
  static void start() {
    spark = LocalSpark.open(3, 3);
  }

  @AfterAll
  static void stop() {
    spark.stop();
  }

  /** A failed job's other tasks would write into the folder that JUnit is about to remove. */
  @AfterEach
  void letTasksEnd() throws Exception {
    spark.sparkContext().listenerBus().waitUntilEmpty();
    for (int waited = 0; running() > 0 && waited < 1000; waited++) {
      Thread.sleep(20);
      spark.sparkContext().listenerBus().waitUntilEmpty();
    }
  }

  private static int running() {
    return Arrays.stream(spark.sparkContext().statusTracker().getExecutorInfos())
        .mapToInt(SparkExecutorInfo::numRunningTasks)
        .sum();
  }

  private static ClassMask truth(int i) {
    return Drawn.truth(i, 30 + i, 20 + i);
  }

  /** Labelled samples, and one without a label. */
  private static Dataset<Row> samples(int count) {
    List<Row> rows = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      ClassMask truth = truth(i);
      rows.add(
          RowFactory.create(
              "s" + i,
              "g" + i / 4,
              "mem:" + i,
              "hash" + i,
              Drawn.png(truth),
              truth.width(),
              truth.height()));
    }
    rows.add(RowFactory.create("bare", "g", "mem:0", "hash0", null, 30, 20));
    return spark.createDataFrame(rows, SCHEMA);
  }

  private static ImageSource images() {
    return (uri, sha256) -> {
      int i = Integer.parseInt(uri.substring("mem:".length()));
      if (!sha256.equals("hash" + i)) {
        throw new IllegalArgumentException("hash of " + uri + " is not " + sha256);
      }
      return Drawn.image(i, truth(i));
    };
  }

  private Evaluation evaluation(String table) {
    return new Evaluation(CLASSES, folder.resolve(table).toString());
  }

  /**
   * A mask of such logits would be background everywhere, and a fair score where little is shown.
   */
  @Test
  void aFileWhoseLogitsAreNoNumbersIsNamedWithTheSample() {
    OnnxSource broken = OnnxSource.of(Drawn.broken(folder.resolve("broken.onnx")), 1);
    assertThatThrownBy(
            () ->
                evaluation("none")
                    .run(spark, samples(1).where("mask is not null"), broken, images()))
        .hasStackTraceContaining(
            "BrokenNetworkException: Cannot score sample s0 (mem:0): "
                + folder.resolve("broken.onnx")
                + " (")
        .hasStackTraceContaining("says no number: its logits [2, 16, 24] hold NaN at 384");
  }

  @Test
  void theJobCountsWhatOneThreadCounts() throws Exception {
    SegmentationCounts expected = SegmentationCounts.zero(2);
    MaskCounter counter = new MaskCounter(2);
    Map<Detection, Long> detections = new HashMap<>();
    long[] instances = new long[2];
    List<Extremes.Image> scores = new ArrayList<>();
    try (Segmenter segmenter = source.open()) {
      for (int i = 0; i < IMAGES; i++) {
        ClassMask truth = truth(i);
        FloatTensor logits = segmenter.logits(Drawn.image(i, truth));
        ClassMask predicted = Masks.fromLogits(logits, truth.width(), truth.height());
        float[] margins = Masks.labelled(logits, truth.width(), truth.height()).margins();
        var found = new InstanceMatcher(2).match(predicted, truth, margins);
        found.detections().forEach(d -> detections.merge(d, 1L, Long::sum));
        Arrays.setAll(instances, c -> instances[c] + found.truths().get(c));
        ImageCounts counts = counter.count(predicted, truth);
        expected = expected.plus(counts);
        scores.add(
            new Extremes.Image("s" + i, counts.mean(Metric.BOUNDARY_IOU).orElse(Double.NaN)));
      }
    }
    Evaluation evaluation = evaluation("images");
    EvaluationResult result = evaluation.run(spark, samples(IMAGES), source, images());
    assertThat(result.counts()).isEqualTo(expected);
    assertThat(result.images()).isEqualTo(IMAGES);
    var precision = new InstanceScores(List.of(instances[0], instances[1]), detections);
    assertThat(result.toMap())
        .containsEntry("instances", (double) precision.instances())
        .containsEntry("mask_ap", precision.mean(MASK).getAsDouble())
        .containsEntry("mask_ap_green", precision.average(MASK, 2).getAsDouble())
        .containsEntry("boundary_ap75", precision.mean(BOUNDARY, 6).getAsDouble());
    assertThat(precision.mean(MASK).getAsDouble()).isBetween(0.01, 0.99);
    assertThat(result.mean(Metric.IOU).getAsDouble()).isBetween(0.2, 0.9);
    assertThat(spark.read().parquet(evaluation.imageTable()).count()).isEqualTo(IMAGES);
    assertThat(ImageTable.sum(spark, evaluation.imageTable(), 2)).isEqualTo(expected);
    assertConfusion(evaluation.imageTable(), expected);
    Extremes found = ImageTable.extremes(spark, evaluation.imageTable(), Metric.BOUNDARY_IOU, 3);
    scores.removeIf(image -> Double.isNaN(image.score()));
    scores.sort(null);
    assertThat(found.worst()).isEqualTo(scores.subList(0, 3));
    assertThat(found.best().get(0)).isEqualTo(scores.get(scores.size() - 1));

    JsonNode json = new ObjectMapper().readTree(result.toJson());
    assertThat(json.get("metrics").get("iou_red").asDouble())
        .isEqualTo(result.value(Metric.IOU, 1).getAsDouble());
    assertThat(json.get("counts").get(2).get("area").get("actual").asLong())
        .isEqualTo(expected.area(2).actual());
  }

  /** Its diagonal and sums are the overlaps'; a table from before it was counted has none. */
  private void assertConfusion(String table, SegmentationCounts expected) {
    Confusion found = ImageTable.confusion(spark, table, 2).orElseThrow();
    long pixels = 0;
    for (int i = 0; i < IMAGES; i++) {
      for (byte label : truth(i).classes()) {
        pixels += (label & 0xff) == ClassMask.IGNORE ? 0 : 1;
      }
    }
    long all = 0;
    for (int actual = 0; actual <= 2; actual++) {
      all += found.actual(actual);
    }
    assertThat(all).isEqualTo(pixels);
    for (int c = 1; c <= 2; c++) {
      assertThat(found.pixels(c, c)).isEqualTo(expected.area(c).intersection());
      assertThat(found.actual(c)).isEqualTo(expected.area(c).actual());
      assertThat(found.pixels(0, c) + found.pixels(1, c) + found.pixels(2, c))
          .isEqualTo(expected.area(c).predicted());
    }
    String older = folder.resolve("older").toString();
    spark.read().parquet(table).drop("confusion").write().parquet(older);
    assertThat(ImageTable.confusion(spark, older, 2)).isEmpty();
    assertThat(ImageTable.sum(spark, older, 2)).isEqualTo(expected);
  }

  @Test
  void cachedLogitsAreScoredAndComparedWithTheStudent() {
    Evaluation student = evaluation("student");
    EvaluationResult studentResult = student.run(spark, samples(IMAGES), source, images());
    Evaluation teacher = evaluation("teacher");
    EvaluationResult perfect =
        teacher.runLogits(spark, samples(IMAGES), row -> oneHot(Drawn.decode(row.getAs("mask"))));
    assertThat(perfect.mean(Metric.IOU)).hasValue(1);
    assertThat(perfect.mean(Metric.BOUNDARY_IOU)).hasValue(1);

    var pairs = ImageTable.pair(spark, student.imageTable(), teacher.imageTable());
    assertThat(pairs.groups()).isEqualTo((IMAGES + 3) / 4);
    var difference = new PairedBootstrap(200, 1).difference(pairs, Metric.IOU);
    assertThat(difference.observed()).isEqualTo(1 - studentResult.mean(Metric.IOU).getAsDouble());
    assertThat(difference.excludesZero()).isTrue();

    Evaluation fewer = evaluation("fewer");
    fewer.run(spark, samples(5), source, images());
    assertThatThrownBy(() -> ImageTable.pair(spark, fewer.imageTable(), teacher.imageTable()))
        .hasMessageContaining("is in " + teacher.imageTable() + " only");
  }

  /** Tasks tell the driver as much of 23 images as of 184: counts, and kinds of detections. */
  @Test
  void theDriverIsToldNothingOfSingleImages() throws Exception {
    long of23 = toldBy(samples(IMAGES), "once");
    Dataset<Row> often = samples(IMAGES);
    for (int copy = 1; copy < 8; copy++) {
      String name = "copy" + copy;
      often =
          often.union(samples(IMAGES).withColumn("sample_id", concat(lit(name), col("sample_id"))));
    }
    assertThat(toldBy(often, "often")).isLessThan(of23 + of23 / 4);
  }

  private long toldBy(Dataset<Row> samples, String table) throws Exception {
    var bytes = new AtomicLong();
    var listener =
        new SparkListener() {
          @Override
          public void onTaskEnd(SparkListenerTaskEnd end) {
            bytes.addAndGet(end.taskMetrics().resultSize());
          }
        };
    Evaluation evaluation = evaluation(table);
    // Rows that the driver holds come with each task's order, not with its answer.
    Dataset<Row> kept = kept(samples, table);
    spark.sparkContext().addSparkListener(listener);
    try {
      evaluation.run(spark, kept, source, images());
      spark.sparkContext().listenerBus().waitUntilEmpty();
    } finally {
      spark.sparkContext().removeSparkListener(listener);
    }
    return bytes.get();
  }

  private Dataset<Row> kept(Dataset<Row> samples, String table) {
    String place = folder.resolve("samples-" + table).toString();
    samples.coalesce(1).write().parquet(place);
    return spark.read().parquet(place);
  }

  /** What is drawn from on the executors is what one thread draws from. */
  @Test
  void moreGroupsThanAreCollectedAreDrawnWhereTheyAre() {
    Evaluation student = evaluation("student");
    student.run(spark, samples(IMAGES), source, images());
    Evaluation teacher = evaluation("teacher");
    teacher.runLogits(spark, samples(IMAGES), row -> oneHot(Drawn.decode(row.getAs("mask"))));
    var bootstrap = new PairedBootstrap(200, 1);

    var few = draws(student, teacher, bootstrap, (IMAGES + 3) / 4);
    var pairs = ImageTable.pair(spark, student.imageTable(), teacher.imageTable());
    assertThat(few).isEqualTo(bootstrap.draws(pairs));
    var alone = ImageTable.draws(spark, student.imageTable(), bootstrap);
    assertThat(PairedBootstrap.interval(alone, Metric.IOU)) // the same draws as of the pair
        .isPresent()
        .isEqualTo(PairedBootstrap.interval(few, Metric.IOU));
    var red = PairedBootstrap.interval(alone, Metric.IOU, 1).orElseThrow();
    assertThat(red.observed())
        .isEqualTo(
            ImageTable.sum(spark, student.imageTable(), 2).value(Metric.IOU, 1).getAsDouble());
    assertThat(red.low()).isLessThan(red.observed());
    assertThat(red.high()).isGreaterThan(red.observed());

    var many = draws(student, teacher, bootstrap, (IMAGES + 3) / 4 - 1);
    assertThat(many.groups()).isEqualTo(few.groups());
    assertThat(many).isNotEqualTo(few);
    var difference = PairedBootstrap.difference(many, Metric.IOU);
    assertThat(difference.observed())
        .isEqualTo(PairedBootstrap.difference(few, Metric.IOU).observed());
    assertThat(difference.excludesZero()).isTrue();
    spark.conf().set("spark.sql.files.maxPartitionBytes", "2000");
    try {
      assertThat(draws(student, teacher, bootstrap, 0)).isEqualTo(many);
    } finally {
      spark.conf().unset("spark.sql.files.maxPartitionBytes");
    }
  }

  /** Each part is what the images in it score by themselves. */
  @Test
  void partsAreTheirImagesScoredAlone() throws Exception {
    Evaluation evaluation = evaluation("strata");
    evaluation.run(spark, samples(IMAGES), source, images());
    Map<String, SegmentationCounts> bySize = new TreeMap<>();
    Map<String, SegmentationCounts> byClass = new TreeMap<>();
    try (Segmenter segmenter = source.open()) {
      for (int i = 0; i < IMAGES; i++) {
        ClassMask truth = truth(i);
        FloatTensor logits = segmenter.logits(Drawn.image(i, truth));
        var counts =
            new MaskCounter(2)
                .count(Masks.fromLogits(logits, truth.width(), truth.height()), truth);
        long pixels = counts.area(0).actual();
        String size = pixels == 0 ? "none" : pixels < 1024 ? "small" : "medium";
        bySize.merge(size, SegmentationCounts.zero(2).plus(counts), SegmentationCounts::plus);
        for (int c = 1; c <= 2; c++) {
          if (counts.area(c).actual() > 0) {
            byClass.merge(
                CLASSES.get(c - 1),
                SegmentationCounts.zero(2).plus(counts),
                SegmentationCounts::plus);
          }
        }
      }
    }
    assertThat(parts(TruthStratum.SIZE, evaluation)).isEqualTo(bySize);
    assertThat(parts(TruthStratum.CLASS, evaluation)).isEqualTo(byClass).hasSize(2);
  }

  @Test
  void partsByAFilesColumnAreItsImages() throws Exception {
    Evaluation evaluation = evaluation("file");
    evaluation.run(spark, samples(IMAGES), source, images());
    // Images are named mem:0, mem:1, …; the last two are not in the file, and one has no glare.
    var lines = new StringBuilder("image, glare,paint\n");
    for (int i = 0; i < IMAGES - 2; i++) {
      lines.append(
          "mem:%d.png, %s ,red\n".formatted(i, i == 3 ? "" : i % 2 == 0 ? "weak" : "strong"));
    }
    Path file = Files.writeString(folder.resolve("strata.csv"), lines);
    try (var strata = StrataFile.read(spark, file.toString(), samples(IMAGES))) {
      assertThat(strata.columns()).containsExactly("glare", "paint");
      assertThat(strata.remarks())
          .isEqualTo("2 samples are not in " + file + ": they are of part none");
      var byGlare = strata.by("glare").score(spark, evaluation.imageTable(), CLASSES);
      assertThat(byGlare.keySet()).containsExactly("none", "strong", "weak");
      assertThat(byGlare.values())
          .extracting(EvaluationResult::images)
          .containsExactly(3L, 9L, 11L);
      SegmentationCounts sum = SegmentationCounts.zero(2);
      for (EvaluationResult part : byGlare.values()) {
        sum = sum.plus(part.counts());
      }
      assertThat(sum).isEqualTo(ImageTable.sum(spark, evaluation.imageTable(), 2));
    }
  }

  @Test
  void aStrataFileSaysWhatIsWrongWithIt() throws Exception {
    refused("picture,glare\na,b\n", "columns [picture, glare] (must be image and at least one");
    refused("image\n0\n", "columns [image] (must be image and at least one property)");
    refused("image,size\nmem:0,x\n", "column 'size' (must be letters");
    refused("image,sample_id\nmem:0,x\n", "column 'sample_id' (must be letters");
    refused("image,Sample_ID\nmem:0,x\n", "and none of size, class, sample_id)");
    refused("image,a/b\nmem:0,x\n", "column 'a/b' (must be letters");
    refused("image,glare\nmem:0,x\nmem:0.png,y\n", "image mem:0 has 2 rows (must be one)");
    refused("image,glare\n,x\n", "a row without an image");
    refused("image,glare\nother,x\n", "none of its images is one of the workspace's, as [other]");
    refused("image,glare\nmem:0,50%\n", "value '50%' of column glare (must be letters");
    refused("image,glare\nmem:0,x,y\n", "a row has other columns than the head");
    var many = new StringBuilder("image,glare\n");
    for (int i = 0; i < 101; i++) {
      many.append("mem:%d,%d\n".formatted(i, i));
    }
    refused(many.toString(), "column glare has 101 values (must be ≤ 100");
    assertThatThrownBy(() -> StrataFile.read(spark, folder + "/none.csv", samples(3)))
        .hasMessageEndingWith("none.csv: there is no such file");
  }

  private void refused(String csv, String message) throws Exception {
    Path file = Files.writeString(folder.resolve("bad.csv"), csv);
    Dataset<Row> named =
        spark
            .range(200)
            .select(
                concat(lit("s"), col("id")).as("sample_id"),
                concat(lit("mem:"), col("id")).as("image_uri"));
    assertThatThrownBy(() -> StrataFile.read(spark, file.toString(), named))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining(message);
  }

  private static Map<String, SegmentationCounts> parts(Stratum by, Evaluation evaluation) {
    Map<String, SegmentationCounts> parts = new TreeMap<>();
    by.score(spark, evaluation.imageTable(), CLASSES)
        .forEach((name, result) -> parts.put(name, result.counts()));
    return parts;
  }

  private static PairedDraws draws(
      Evaluation a, Evaluation b, PairedBootstrap bootstrap, int collected) {
    return ImageTable.draws(spark, a.imageTable(), b.imageTable(), bootstrap, collected);
  }

  /** Logits that say what the mask says, and nothing at ignored pixels. */
  private static FloatTensor oneHot(ClassMask mask) {
    int pixels = mask.classes().length;
    float[] logits = new float[2 * pixels];
    for (int i = 0; i < pixels; i++) {
      logits[i] = mask.classes()[i] == 1 ? 5 : -5;
      logits[pixels + i] = mask.classes()[i] == 2 ? 5 : -5;
    }
    return new FloatTensor(new int[] {2, mask.height(), mask.width()}, logits);
  }

  @Test
  void aFramesTilesCountEachOfItsPixelsOnceAndCropsCountNowhere() {
    ClassMask truth = Drawn.truth(3, 64, 48);
    // What the model says of the frame: it ignores nothing.
    ClassMask other = Masks.fromLogits(oneHot(Drawn.truth(4, 64, 48)), 64, 48);
    StructType rectangle =
        new StructType()
            .add("x", DataTypes.IntegerType)
            .add("y", DataTypes.IntegerType)
            .add("width", DataTypes.IntegerType)
            .add("height", DataTypes.IntegerType);
    List<Row> rows = new ArrayList<>();
    for (Tile[] part :
        new Tile[][] {
          {new Tile(0, 0, 40, 48), new Tile(0, 0, 32, 48)},
          {new Tile(24, 0, 40, 48), new Tile(32, 0, 32, 48)},
          {new Tile(7, 5, 20, 20), null} // a crop
        }) {
      rows.add(
          RowFactory.create(
              "tile " + part[0],
              "frame",
              "mem:3",
              "hash3",
              Drawn.png(part[0].cut(truth)),
              part[0].width(),
              part[0].height(),
              struct(part[0]),
              struct(part[1])));
    }
    Dataset<Row> tiles =
        spark.createDataFrame(rows, SCHEMA.add("tile", rectangle).add("counted", rectangle));
    EvaluationResult result =
        evaluation("tiles")
            .runLogits(
                spark,
                tiles,
                row -> oneHot(Tile.of(row).orElseThrow().cut(Drawn.truth(4, 64, 48))));
    SegmentationCounts frame =
        SegmentationCounts.zero(2).plus(new MaskCounter(2).count(other, truth));
    assertThat(result.images()).isEqualTo(2);
    for (int k = 0; k <= 2; k++) {
      assertThat(result.counts().area(k)).isEqualTo(frame.area(k));
    }

    // By the network: it sees the tile that its file's name and rectangle say.
    EvaluationResult networks = evaluation("network").run(spark, tiles, source, images(64, 48));
    SegmentationCounts expected = SegmentationCounts.zero(2);
    try (Segmenter segmenter = source.open()) {
      for (int i = 0; i < 2; i++) {
        Tile tile = Tile.read(struct(i == 0 ? new Tile(0, 0, 40, 48) : new Tile(24, 0, 40, 48)));
        Tile own = new Tile(32 * i, 0, 32, 48).within(tile);
        FloatTensor logits = segmenter.logits(tile.cut(Drawn.image(3, truth)));
        expected =
            expected.plus(
                new MaskCounter(2).count(Masks.fromLogits(logits, 40, 48), tile.cut(truth), own));
      }
    }
    assertThat(networks.counts()).isEqualTo(expected);
    assertThat(networks.toMap()).doesNotContainKey("mask_ap"); // a tile cuts instances
  }

  private static ImageSource images(int width, int height) {
    return (uri, sha256) -> Drawn.image(3, Drawn.truth(3, width, height));
  }

  private static Row struct(Tile tile) {
    return tile == null ? null : RowFactory.create(tile.x(), tile.y(), tile.width(), tile.height());
  }

  @Test
  void namesTheSampleThatCouldNotBeScored() {
    ImageSource broken =
        (uri, sha256) -> {
          throw new IllegalArgumentException("Cannot read " + uri);
        };
    assertThatThrownBy(() -> evaluation("x").run(spark, samples(1), source, broken))
        .hasStackTraceContaining("Cannot score sample s0: Cannot read mem:0");
  }

  @Test
  void anImageThatVanishedIsNamedWithItsRemedy() {
    ImageSource gone =
        (uri, sha256) -> {
          throw new UnreadableImageException("not-readable", "File " + uri + " does not exist");
        };
    assertThatThrownBy(() -> evaluation("x").run(spark, samples(1), source, gone))
        .hasStackTraceContaining(
            "Unreadable image (not-readable): mem:0 was ingested and can't be used now: File mem:0"
                + " does not exist. Run the ingest job again, then cache, then evaluate");
  }

  @Test
  void refusesAModelOfOtherClassesAndSamplesWithoutMasks() {
    var other = new Evaluation(List.of("dent", "green"), folder + "/other");
    assertThatThrownBy(() -> other.run(spark, samples(2), source, images()))
        .hasStackTraceContaining(
            "it was trained on classes [red, green], the samples have [dent, green]");
    assertThatThrownBy(() -> evaluation("none").run(spark, samples(0), source, images()))
        .hasMessageContaining("none of the samples has a mask");
  }
}
