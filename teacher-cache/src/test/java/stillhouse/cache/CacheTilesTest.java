package stillhouse.cache;

import static org.assertj.core.api.Assertions.assertThat;

import io.delta.tables.DeltaTable;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import stillhouse.Sessions;
import stillhouse.data.ClassMask;
import stillhouse.data.Crops;
import stillhouse.data.DatasetConfig;
import stillhouse.data.HadoopImages;
import stillhouse.data.ImageCodec;
import stillhouse.data.Ingest;
import stillhouse.data.IngestReport;
import stillhouse.data.PromptSettings;
import stillhouse.data.RgbImage;
import stillhouse.data.Samples;
import stillhouse.data.SplitRule;
import stillhouse.data.Subset;
import stillhouse.data.Tile;
import stillhouse.data.Tiles;
import stillhouse.identity.Fingerprint;
import stillhouse.identity.Sha256;
import stillhouse.teacher.TeacherSource;
import stillhouse.tensor.DType;
import stillhouse.tensor.FloatTensor;
import stillhouse.tensor.TensorColumn;

/** Frames from their folder through ingest and cache to a training view, tile by tile. */
class CacheTilesTest {
  private static final int WIDTH = 40;
  private static final int HEIGHT = 24;
  private static final CacheOptions OPTIONS = new CacheOptions(DType.FP32, 2, 4, 2);
  private static SparkSession spark;

  @TempDir Path folder;

  @BeforeAll
  static void open() {
    spark = Sessions.local();
  }

  @Test
  void framesAreCachedAndTrainedOnTileByTile() throws IOException {
    Files.createDirectories(folder.resolve("images"));
    Files.createDirectories(folder.resolve("masks"));
    for (int i = 0; i < 3; i++) {
      frame("frame" + i, i, WIDTH, HEIGHT);
    }
    frame("small", 9, 10, 6);
    IngestReport report = Ingest.run(spark, config(), root());
    // Frames are 2 rows by 3 tiles of 16×16 that share 4 pixels at least; each has a crop.
    assertThat(report.found()).isEqualTo(report.added()).isEqualTo(4);
    assertThat(report.samples()).isEqualTo(3 * (6 + 1) + 1);
    tilesHaveTheirOwnMaskAndTheirFramesGroup();
    assertThat(Ingest.run(spark, config(), root()).known()).isEqualTo(4);

    TeacherSource teacher = InMemoryTeacher.segmenter("tiles");
    CacheReport cached = refresh(teacher);
    assertThat(cached.cached()).isEqualTo(22);
    assertThat(cached.features()).isEqualTo(new CacheReport.Pass(22, 0));
    featuresAreOfTheTilesPixels(teacher);
    aViewHoldsTheTilesPixels(teacher);
    whatCannotBeReadIsNamedByItsTile(teacher);
  }

  private void tilesHaveTheirOwnMaskAndTheirFramesGroup() {
    Dataset<Row> samples = samples();
    assertThat(samples.select(Samples.SAMPLE_ID).distinct().count()).isEqualTo(22);
    List<Row> rows = samples.where("image_uri like '%frame1.png'").collectAsList();
    assertThat(rows).hasSize(7);
    assertThat(rows)
        .extracting(row -> row.<String>getAs(Samples.GROUP_ID))
        .containsOnly(content(1));
    assertThat(rows.stream().filter(row -> Tile.counted(row).isEmpty())).as("crops").hasSize(1);
    for (Row row : rows) {
      Tile tile = Tile.of(row).orElseThrow();
      ClassMask mask = ImageCodec.decodeMask(row.getAs(Samples.MASK));
      assertThat(mask.classes()).isEqualTo(tile.cut(mask(1, WIDTH, HEIGHT)).classes());
      assertThat(row.<Integer>getAs(Samples.WIDTH)).isEqualTo(16);
      Integer[] present = contains(mask, 1) ? new Integer[] {1} : new Integer[0];
      assertThat(row.<Integer>getList(row.fieldIndex(Samples.CLASSES_PRESENT)))
          .containsExactly(present);
    }
    Row small = samples.where("image_uri like '%small.png'").first();
    assertThat(Tile.of(small)).isEmpty();
    assertThat(small.<String>getAs(Samples.SAMPLE_ID))
        .as("an image that is no tile keeps its id")
        .isEqualTo(
            Fingerprint.of("sample")
                .add("uri", small.<String>getAs(Samples.IMAGE_URI))
                .add("content", small.<String>getAs(Samples.CONTENT_SHA256))
                .digest()
                .hex());
  }

  private void featuresAreOfTheTilesPixels(TeacherSource teacher) {
    CacheKeys keys = CacheKeys.of(teacher.spec(), null, OPTIONS);
    Dataset<Row> joined =
        CacheTables.keyed(CacheTables.of(root()).samples(spark), keys)
            .drop(Samples.CONTENT_SHA256, Samples.SAMPLE_ID)
            .join(CacheTables.of(root()).features(spark), CacheTables.FEATURE_KEY);
    List<Row> rows = joined.where("image_uri like '%frame2.png'").collectAsList();
    assertThat(rows).hasSize(7);
    Set<String> frames = new HashSet<>();
    for (Row row : rows) {
      RgbImage tile = Tile.of(row).orElseThrow().cut(image(2, WIDTH, HEIGHT));
      FloatTensor stored = TensorColumn.decode(row.getAs("layer_embedding_0"));
      assertThat(stored.data()).isEqualTo(InMemoryTeacher.planes(tile, 3, 1f / 7).data());
      frames.add(row.<String>getAs(CacheTables.FEATURE_KEY).substring(0, 16));
    }
    assertThat(frames)
        .as("a frame's keys begin alike")
        .containsExactly(keys.featureKey(content(2)).substring(0, 16));
    assertThat(rows)
        .extracting(r -> r.<String>getAs(CacheTables.FEATURE_KEY))
        .doesNotHaveDuplicates();
  }

  private void aViewHoldsTheTilesPixels(TeacherSource teacher) {
    CacheKeys keys = CacheKeys.of(teacher.spec(), null, OPTIONS);
    var request =
        new ViewRequest(
            List.of("scratch", "dent"), 16, 16, 2, 2, 4, 4, 2, 2, Map.of("teacher", "t"));
    Dataset<Row> cached = ViewRows.cached(spark, root(), keys, request);
    TrainingView view =
        TrainingView.materialise(spark, root(), request, HadoopImages.of(spark), cached);
    assertThat(view.info().rows()).isEqualTo(Map.of("train", 22L));
    Row sample = samples().where("image_uri like '%frame0.png'").first();
    Row row =
        spark
            .read()
            .parquet(view.folder() + "/" + view.info().data())
            .where("sample_id = '" + sample.getAs(Samples.SAMPLE_ID) + "'")
            .first();
    RgbImage tile = Tile.of(sample).orElseThrow().cut(image(0, WIDTH, HEIGHT));
    assertThat(row.<byte[]>getAs("pixels")).isEqualTo(tile.rgb());
  }

  /** Of a frame that went away each tile is in quarantine, and the next cache job asks anew. */
  private void whatCannotBeReadIsNamedByItsTile(TeacherSource teacher) throws IOException {
    Files.delete(folder.resolve("images/frame0.png"));
    DeltaTable.forPath(spark, CacheTables.of(root()).featuresPath()).delete();
    DeltaTable.forPath(spark, CacheTables.of(root()).structurePath()).delete();
    CacheReport report = refresh(teacher);
    assertThat(report.samples()).isEqualTo(22);
    assertThat(report.cached()).isEqualTo(15);
    assertThat(report.quarantined()).isEqualTo(7);
    List<String> named =
        spark.read().format("delta").load(Samples.quarantineTable(root())).collectAsList().stream()
            .map(row -> row.<String>getAs(Samples.IMAGE_URI))
            .toList();
    assertThat(named).hasSize(7).doesNotHaveDuplicates();
    assertThat(named).anySatisfy(uri -> assertThat(uri).endsWith("frame0.png#xywh=0,0,16,16"));
  }

  @Test
  void theFrameOfTheLastTileIsNotReadAgain() throws IOException {
    Files.createDirectories(folder.resolve("images"));
    Files.createDirectories(folder.resolve("masks"));
    frame("frame", 1, WIDTH, HEIGHT);
    String uri = "file:" + folder.resolve("images/frame.png");
    HadoopImages images = HadoopImages.of(spark);
    Tile left = new Tile(0, 0, 8, 8);
    Tile right = new Tile(20, 4, 8, 8);
    assertThat(images.read(uri, content(1), Optional.of(left)).rgb())
        .isEqualTo(left.cut(image(1, WIDTH, HEIGHT)).rgb());
    Files.delete(folder.resolve("images/frame.png"));
    assertThat(images.read(uri, content(1), Optional.of(right)).rgb())
        .isEqualTo(right.cut(image(1, WIDTH, HEIGHT)).rgb());
  }

  private CacheReport refresh(TeacherSource teacher) {
    return new CacheRefresh(TeacherAccess.perTask(), HadoopImages.of(spark), Progress.NONE)
        .run(spark, root(), teacher, null, OPTIONS);
  }

  private Dataset<Row> samples() {
    return spark.read().format("delta").load(Samples.table(root()));
  }

  private String root() {
    return folder.resolve("house").toString();
  }

  private DatasetConfig config() {
    return new DatasetConfig(
        "test",
        List.of("scratch", "dent"),
        ClassMask.IGNORE,
        List.of(
            new DatasetConfig.Source(
                folder.resolve("images").toString(),
                Optional.of(folder.resolve("masks").toString()),
                SplitRule.TRAIN,
                Subset.ALL)),
        Optional.empty(),
        7,
        new DatasetConfig.Input(32, 32),
        PromptSettings.DEFAULT,
        DatasetConfig.Cache.DEFAULT,
        new Tiles(16, 16, 4, 100),
        new Crops(16, 1, 1, 0));
  }

  private void frame(String name, int seed, int width, int height) throws IOException {
    Files.write(
        folder.resolve("images/" + name + ".png"),
        ImageCodec.encodePng(image(seed, width, height)));
    Files.write(
        folder.resolve("masks/" + name + ".png"), ImageCodec.encodePng(mask(seed, width, height)));
  }

  private static String content(int seed) {
    return Sha256.of(ImageCodec.encodePng(image(seed, WIDTH, HEIGHT))).hex();
  }

  private static RgbImage image(int seed, int width, int height) {
    byte[] rgb = new byte[3 * width * height];
    new Random(seed).nextBytes(rgb);
    return new RgbImage(width, height, rgb);
  }

  /** One scratch of 3×3 pixels; no crop that holds it is one of the tiles. */
  private static ClassMask mask(int seed, int width, int height) {
    byte[] classes = new byte[width * height];
    for (int i = 0; i < 9; i++) {
      classes[(height / 3 + i / 3) * width + width / 2 - 1 + seed % 3 + i % 3] = 1;
    }
    return new ClassMask(width, height, classes);
  }

  private static boolean contains(ClassMask mask, int label) {
    for (byte value : mask.classes()) {
      if (value == label) {
        return true;
      }
    }
    return false;
  }
}
