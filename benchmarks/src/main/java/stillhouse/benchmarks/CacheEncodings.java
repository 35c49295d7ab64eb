package stillhouse.benchmarks;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import org.apache.spark.sql.SparkSession;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import stillhouse.cache.CacheKeys;
import stillhouse.cache.CacheOptions;
import stillhouse.cache.CacheRefresh;
import stillhouse.cache.CacheReport;
import stillhouse.cache.CachedAnswers;
import stillhouse.cache.Encoding;
import stillhouse.cache.Progress;
import stillhouse.cache.Projections;
import stillhouse.cache.TeacherAccess;
import stillhouse.cache.ViewRows;
import stillhouse.data.DatasetConfig;
import stillhouse.data.HadoopImages;
import stillhouse.data.Ingest;
import stillhouse.predict.Evaluation;
import stillhouse.predict.EvaluationResult;
import stillhouse.teacher.LabelBoxes;
import stillhouse.teacher.LocalTeacher;
import stillhouse.teacher.Teacher;
import stillhouse.teacher.TeacherConfig;
import stillhouse.teacher.TeacherFiles;
import stillhouse.teacher.TeacherSource;
import stillhouse.teacher.TeacherSpec;

/**
 * One workspace an encoding: the real ingest and cache jobs over data sets that differ in their
 * {@code cache:} alone, with a teacher that is asked once about each image. {@code
 * cache_encodings.py} says what each takes and keeps.
 *
 * <pre>
 * mvn -pl benchmarks -am process-classes -Dencodings.skip=false -Dencodings.args="OUT TEACHER.yaml NEU_SEG=DIR fp32.yaml int8.yaml …"
 * </pre>
 */
final class CacheEncodings {
  private static final Logger log = LoggerFactory.getLogger(CacheEncodings.class);
  private static final int MOST_BOXES = 64; // as the cache job asks
  private static final int CHUNK = 64;

  private CacheEncodings() {}

  /** Its name is the real teacher's: so are its keys. */
  private record Recorded(LocalTeacher real, String folder) implements TeacherSource {
    @Override
    public TeacherSpec spec() {
      return real.spec();
    }

    @Override
    public Teacher open() {
      return new RecordedTeacher(real.open(), Path.of(folder));
    }
  }

  /**
   * @param args folder of the workspaces, the teacher's YAML, NAME=VALUE of the data sets' paths,
   *     data sets' YAML files: a workspace each, of the file's name
   */
  public static void main(String[] args) throws IOException {
    Path out = Path.of(args[0]).toAbsolutePath();
    TeacherConfig config = TeacherConfig.load(Path.of(args[1]));
    LocalTeacher real = TeacherFiles.resolve(config, TeacherFiles.defaultCache());
    String[] variable = args[2].split("=", 2);
    var teacher = new Recorded(real, out.resolve("maps").toString());
    try (SparkSession spark = session()) {
      for (String file : Arrays.asList(args).subList(3, args.length)) {
        Path yaml = Path.of(file);
        var dataset = DatasetConfig.load(yaml, Map.of(variable[0], variable[1]));
        String name = yaml.getFileName().toString().replace(".yaml", "");
        long began = System.nanoTime();
        String root = out.resolve(name).toString();
        CacheReport report = cache(spark, root, dataset, teacher);
        log.info("{}: {} in {} s", name, report, (System.nanoTime() - began) / 1_000_000_000);
        EvaluationResult score = score(spark, root, dataset, real.spec());
        Files.writeString(out.resolve(name).resolve("teacher.json"), score.toJson());
      }
    }
  }

  private static CacheReport cache(
      SparkSession spark, String root, DatasetConfig dataset, TeacherSource teacher) {
    Ingest.run(spark, dataset, root);
    return new CacheRefresh(TeacherAccess.perTask(), HadoopImages.of(spark), Progress.NONE)
        .run(spark, root, teacher, prompts(dataset), CacheOptions.of(dataset.cache(), CHUNK));
  }

  private static LabelBoxes prompts(DatasetConfig dataset) {
    return new LabelBoxes(dataset.prompts().minArea(), MOST_BOXES);
  }

  /**
   * The teacher's own masks of the test images, from its cached answers: the decoder reads what is
   * stored.
   */
  private static EvaluationResult score(
      SparkSession spark, String root, DatasetConfig dataset, TeacherSpec teacher) {
    Encoding encoding = Projections.encoding(spark, root, dataset.cache(), teacher);
    CacheKeys keys =
        CacheKeys.of(teacher, prompts(dataset), encoding, dataset.cache().structureRadius());
    int classes = dataset.classes().size();
    return new Evaluation(dataset.classes(), root + "/evaluations/teacher")
        .runLogits(
            spark,
            ViewRows.answered(spark, root, keys).where("split = 'test'"),
            row -> CachedAnswers.of(row).logits(classes));
  }

  private static SparkSession session() {
    return SparkSession.builder()
        .master("local[1]")
        .appName("cache encodings")
        .config("spark.ui.enabled", "false")
        .config("spark.sql.shuffle.partitions", "1")
        .config("spark.databricks.delta.snapshotPartitions", "1")
        .config("spark.sql.codegen.wholeStage", "false")
        .config("spark.sql.extensions", "io.delta.sql.DeltaSparkSessionExtension")
        .config(
            "spark.sql.catalog.spark_catalog", "org.apache.spark.sql.delta.catalog.DeltaCatalog")
        .getOrCreate();
  }
}
