package stillhouse.jobs;

import static org.apache.spark.sql.functions.col;

import java.awt.image.BufferedImage;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import stillhouse.cache.CacheTables;
import stillhouse.conf.ConfigException;
import stillhouse.data.DatasetConfig;
import stillhouse.data.HadoopImages;
import stillhouse.data.ImageCodec;
import stillhouse.data.Samples;
import stillhouse.htmlreport.Sheet;
import stillhouse.metrics.Metric;
import stillhouse.predict.Extremes;
import stillhouse.predict.ImageTable;
import stillhouse.predict.OnnxSource;
import stillhouse.predict.Segmenter;
import stillhouse.report.ContactSheet;
import stillhouse.report.Heatmap;
import stillhouse.report.Overlay;
import stillhouse.structure.StructureMap;
import stillhouse.structure.StructureMaps;
import stillhouse.structure.Weighting;
import stillhouse.teacher.LocalTeacher;
import stillhouse.tensor.FloatTensor;
import stillhouse.tensor.TensorColumn;

/** Pictures of a report: of each run's worst and best images, and of what SARD weighs by. */
final class ReportPictures {
  private static final int STRUCTURE_IMAGES = 4;
  private static final int MOST_RUNS = 12; // a sweep has a hundred, and each is 0.7 MB
  private static final int MAP_PIXELS = 192; // of a map's longer side, about

  private final SparkSession spark;
  private final String root;
  private final DatasetConfig dataset;
  private final Optional<LocalTeacher> teacher;
  private final TestSamples samples;
  private final Pictures pictures;

  ReportPictures(
      SparkSession spark,
      String root,
      DatasetConfig dataset,
      Optional<LocalTeacher> teacher,
      String split) {
    this.spark = spark;
    this.root = root;
    this.dataset = dataset;
    this.teacher = teacher;
    var answering = teacher.map(LocalTeacher::spec).filter(spec -> spec.answers());
    this.samples = TestSamples.of(spark, root, dataset, split, answering);
    this.pictures = new Pictures(spark, samples, answering.isPresent());
  }

  /** What can be shown of the split. */
  TestSamples samples() {
    return samples;
  }

  /**
   * Looks into the files of the runs that are shown.
   *
   * @throws ConfigException where one can't be run, or is of other classes than the data set
   */
  static void requireFits(ReportedScores scores, DatasetConfig dataset, RootOption root) {
    shown(scores)
        .forEach(
            score -> {
              var file = new ScoredFile(scores.folders().get(score.name()), Variant.FP32);
              file.requireFits(file.source(), dataset, root);
            });
  }

  /** Of the runs that have their file those that are best by boundary IoU, so many at most. */
  private static Stream<Score> shown(ReportedScores scores) {
    return scores.scores().stream()
        .filter(scored -> isShown(scored, scores))
        .map(ReportedScores.Scored::score)
        .sorted(Comparator.comparingDouble(ReportPictures::boundaryIou).reversed())
        .limit(MOST_RUNS);
  }

  /**
   * Of the runs that are shown.
   *
   * @param count how many of the worst, and of the best, at most
   */
  List<Sheet> overlays(ReportedScores scores, RootOption option, int count) {
    Map<String, Extremes> found = new LinkedHashMap<>();
    shown(scores)
        .forEach(
            score ->
                found.put(
                    score.name(),
                    ImageTable.extremes(
                        spark, option.absolute(score.images()), Metric.BOUNDARY_IOU, count)));
    Map<String, Row> rows = rows(found.values());
    List<Sheet> sheets = new ArrayList<>();
    found.forEach(
        (run, extremes) ->
            overlay(run, scores.folders().get(run), extremes, rows).ifPresent(sheets::add));
    return sheets;
  }

  /** A run's FP32 file that is there. */
  private static boolean isShown(ReportedScores.Scored scored, ReportedScores scores) {
    return scored.precision().equals(Variant.FP32.word())
        && scored
            .run()
            .map(run -> scores.folders().get(run.name()).resolve(RunRecord.ONNX))
            .filter(Files::isRegularFile)
            .isPresent();
  }

  private static double boundaryIou(Score score) {
    return score.metrics().getOrDefault(Metric.BOUNDARY_IOU.key(), 0.0);
  }

  /** Those that are shown, of all runs together: a few each. */
  private Map<String, Row> rows(Iterable<Extremes> extremes) {
    var ids = new TreeSet<String>();
    for (Extremes of : extremes) {
      of.worst().forEach(image -> ids.add(image.sampleId()));
      of.best().forEach(image -> ids.add(image.sampleId()));
    }
    Map<String, Row> rows = new HashMap<>();
    samples
        .rows()
        .where(col(Samples.SAMPLE_ID).isin(ids.toArray()))
        .collectAsList()
        .forEach(row -> rows.put(row.getAs(Samples.SAMPLE_ID), row));
    return rows;
  }

  private Optional<Sheet> overlay(
      String run, Path folder, Extremes extremes, Map<String, Row> rows) {
    var shown = new LinkedHashMap<Extremes.Image, String>();
    extremes.worst().forEach(image -> shown.put(image, "among the worst"));
    extremes.best().forEach(image -> shown.putIfAbsent(image, "among the best"));
    List<ContactSheet.Row> strips = new ArrayList<>();
    try (Segmenter student = OnnxSource.of(folder.resolve(RunRecord.ONNX), 1).open()) {
      shown.forEach(
          (image, place) ->
              Optional.ofNullable(rows.get(image.sampleId()))
                  .map(row -> pictures.row(row, student))
                  .map(strip -> captioned(strip, place, image.score()))
                  .ifPresent(strips::add));
    }
    return strips.isEmpty()
        ? Optional.empty()
        : Optional.of(new Sheet(run, pictures.headers(), strips));
  }

  private static ContactSheet.Row captioned(ContactSheet.Row strip, String place, double score) {
    return new ContactSheet.Row(
        String.format(Locale.ROOT, "%s, %s: boundary IoU %.3f", strip.caption(), place, score),
        strip.panels());
  }

  /** Of a few images of the split; empty where the cache has no maps of them. */
  Optional<Sheet> structure() {
    if (teacher.isEmpty()) {
      return Optional.empty();
    }
    Map<String, Row> byKey = new LinkedHashMap<>();
    Object[] ids = few().stream().map(row -> row.<String>getAs(Samples.SAMPLE_ID)).toArray();
    CacheTables tables = CacheTables.of(root);
    CacheTables.keyed(
            tables.samples(spark).where(col(Samples.SAMPLE_ID).isin(ids)),
            Prompts.keys(spark, root, dataset, teacher.get().spec()))
        .where(col(CacheTables.VIEW).equalTo("identity"))
        .collectAsList()
        .forEach(row -> byKey.put(row.getAs(CacheTables.STRUCTURE_KEY), row));
    List<ContactSheet.Row> strips = new ArrayList<>();
    tables
        .structure(spark)
        .where(col(CacheTables.STRUCTURE_KEY).isin(byKey.keySet().toArray()))
        .collectAsList()
        .forEach(
            row -> strips.add(strip(byKey.get(row.<String>getAs(CacheTables.STRUCTURE_KEY)), row)));
    List<String> headers =
        List.of("image", "truth", "E: edges", "C: corners", "D: density", "W: weight");
    return strips.isEmpty()
        ? Optional.empty()
        : Optional.of(new Sheet("Structure maps", headers, strips));
  }

  /** Images that between them show as many classes as there are among some. */
  private List<Row> few() {
    List<Row> some = samples.few(4 * STRUCTURE_IMAGES);
    List<Row> few = new ArrayList<>();
    Set<Integer> shown = new HashSet<>();
    for (Row row : some) {
      if (few.size() < STRUCTURE_IMAGES
          && shown.addAll(row.getList(row.fieldIndex("classes_present")))) {
        few.add(row);
      }
    }
    some.stream()
        .filter(row -> !few.contains(row))
        .limit(STRUCTURE_IMAGES - few.size())
        .forEach(few::add);
    return few;
  }

  private ContactSheet.Row strip(Row sample, Row structure) {
    var maps =
        new StructureMaps(
            TensorColumn.decode(structure.getAs("e")),
            TensorColumn.decode(structure.getAs("c")),
            TensorColumn.decode(structure.getAs("d")));
    var weighting = new Weighting(Weighting.Betas.FULL, Weighting.Components.UNIT_MEAN);
    List<BufferedImage> panels =
        new ArrayList<>(
            Overlay.panels(
                HadoopImages.of(spark).read(sample),
                ImageCodec.decodeMask(sample.getAs(Samples.MASK)),
                List.of()));
    for (FloatTensor map :
        List.of(maps.e(), maps.c(), maps.d(), StructureMap.of(maps, weighting).weights())) {
      panels.add(picture(map));
    }
    return new ContactSheet.Row(Pictures.name(sample), panels);
  }

  /** Of the root, so that the fainter parts are seen. */
  private static BufferedImage picture(FloatTensor map) {
    float[] roots = map.data().clone();
    for (int i = 0; i < roots.length; i++) {
      roots[i] = (float) Math.sqrt(roots[i]);
    }
    int longer = Math.max(map.dim(0), map.dim(1));
    return Heatmap.picture(new FloatTensor(map.shape(), roots), Math.max(1, MAP_PIXELS / longer));
  }
}
