package stillhouse.benchmarks;

import com.sun.management.OperatingSystemMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Stream;
import org.apache.spark.sql.SparkSession;
import stillhouse.cache.CacheOptions;
import stillhouse.cache.CacheRefresh;
import stillhouse.data.DatasetConfig;
import stillhouse.data.HadoopImages;
import stillhouse.data.ImageCodec;
import stillhouse.data.Ingest;
import stillhouse.data.RgbImage;
import stillhouse.teacher.LabelBoxes;
import stillhouse.teacher.LocalTeacher;
import stillhouse.teacher.Teacher;
import stillhouse.teacher.TeacherConfig;
import stillhouse.teacher.TeacherFiles;
import stillhouse.teacher.TeacherPool;
import stillhouse.teacher.TeacherSource;
import stillhouse.tensor.DType;

/**
 * Images a second of the cache job's feature pass over those of a bare loop: the same teacher, in
 * the same JVM, with the same threads, over the same images, which the loop finds decoded. The pass
 * plans, reads files, checks digests, decodes, asks, encodes, compresses, writes and commits.
 * Rounds of the two alternate; processor time of the whole JVM is given beside the clock's, since a
 * shared machine spoils the clock.
 *
 * <p>Run: {@code mvn -pl benchmarks -am process-classes -Dthroughput.skip=false
 * -Dthroughput.args="TEACHER.yaml IMAGES_FOLDER COUNT ROUNDS"}, where {@code
 * benchmarks/peers/slow_segmenter.py} makes a teacher of a chosen cost. <br>
 * Machine: 2 virtual cores with nothing else. Last result, a teacher of 61 ms (side 320, width 64,
 * layers 10; maps of 0.8 MiB): 0.85 of the loop's images a second with 300 images (3 rounds), 0.92
 * with 1,200 (one round); by processor time 0.76 and 0.83. So a job costs some 2.4 s and 3 ms an
 * image.
 */
public final class CacheThroughput {
  private static final OperatingSystemMXBean SYSTEM =
      (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
  private static final int PLENTY = 1_000_000;

  private final SparkSession spark;
  private final LocalTeacher source;
  private final Path work;
  private final List<RgbImage> decoded = new ArrayList<>();

  /**
   * @param wall seconds
   * @param processor seconds of all the JVM's threads, user and system
   */
  record Cost(double wall, double processor) {
    static Cost since(long wallNanos, long processorNanos) {
      return new Cost(
          (System.nanoTime() - wallNanos) / 1e9,
          (SYSTEM.getProcessCpuTime() - processorNanos) / 1e9);
    }
  }

  CacheThroughput(SparkSession spark, LocalTeacher source, Path work) {
    this.spark = spark;
    this.source = source;
    this.work = work;
  }

  /** TEACHER.yaml IMAGES_FOLDER COUNT ROUNDS. */
  public static void main(String[] args) throws IOException {
    if (args.length != 4) {
      throw new IllegalArgumentException(
          "Invalid arguments: " + List.of(args) + " (must be TEACHER.yaml IMAGES COUNT ROUNDS)");
    }
    TeacherConfig config = TeacherConfig.load(Path.of(args[0]));
    LocalTeacher source = TeacherFiles.resolve(config, TeacherFiles.defaultCache());
    Path work = Files.createTempDirectory("cache-throughput");
    try (SparkSession spark = session()) {
      var throughput = new CacheThroughput(spark, source, work);
      throughput.ingest(Path.of(args[1]).toAbsolutePath(), Integer.parseInt(args[2]));
      throughput.compare(Integer.parseInt(args[3]));
    } finally {
      TeacherPool.shared().closeAll();
      delete(work);
    }
  }

  /** One task at a time: images a second of one core, as of the loop's. */
  private static SparkSession session() {
    SparkSession spark =
        SparkSession.builder()
            .master("local[1]")
            .appName("cache throughput")
            .config("spark.ui.enabled", "false")
            .config("spark.sql.shuffle.partitions", "1")
            .config("spark.sql.extensions", "io.delta.sql.DeltaSparkSessionExtension")
            .config(
                "spark.sql.catalog.spark_catalog",
                "org.apache.spark.sql.delta.catalog.DeltaCatalog")
            .config("spark.databricks.delta.snapshotPartitions", "1")
            .getOrCreate();
    spark.sparkContext().setLogLevel("ERROR");
    return spark;
  }

  void ingest(Path images, int count) throws IOException {
    Path yaml = work.resolve("dataset.yaml");
    Files.writeString(
        yaml,
        """
        name: throughput
        classes: [any]
        sources:
          - {images: "%s", split: train-val, limit: %d}
        splitSeed: 1
        input: {height: 192, width: 192}
        """
            .formatted(images, count));
    Ingest.run(spark, DatasetConfig.load(yaml, Map.of()), work.resolve("samples").toString());
    for (var row : samples()) {
      decoded.add(ImageCodec.decodeRgb(Files.readAllBytes(Path.of(row))));
    }
  }

  private List<String> samples() {
    return spark
        .read()
        .format("delta")
        .load(work.resolve("samples/tables/samples").toString())
        .select("image_uri")
        .collectAsList()
        .stream()
        .map(row -> new org.apache.hadoop.fs.Path(row.getString(0)).toUri().getPath())
        .toList();
  }

  /** Warms both up once, then alternates. */
  void compare(int rounds) throws IOException {
    bare();
    job(0);
    List<Cost> bare = new ArrayList<>();
    List<Cost> job = new ArrayList<>();
    for (int round = 1; round <= rounds; round++) {
      bare.add(bare());
      job.add(job(round));
      say("round %d  bare loop %s  feature pass %s", round, told(last(bare)), told(last(job)));
    }
    report(median(bare), median(job));
  }

  private void report(Cost bare, Cost job) {
    int n = decoded.size();
    say(
        "%d images, teacher %s, %.1f ms an image in the bare loop",
        n, source.spec().name(), 1e3 * bare.wall / n);
    say(
        "images/s of the job over the loop's: %.3f by the clock, %.3f by processor time",
        bare.wall / job.wall, bare.processor / job.processor);
    say(
        "overhead an image: %.1f ms by the clock, %.1f ms of processor time",
        1e3 * (job.wall - bare.wall) / n, 1e3 * (job.processor - bare.processor) / n);
  }

  private Cost bare() {
    try (Teacher teacher = TeacherPool.shared().acquire(source)) {
      long wall = System.nanoTime();
      long processor = SYSTEM.getProcessCpuTime();
      int batch = source.spec().batch();
      for (int from = 0; from < decoded.size(); from += batch) {
        teacher.encode(decoded.subList(from, Math.min(decoded.size(), from + batch)));
      }
      return Cost.since(wall, processor);
    }
  }

  /** Until the last features are committed; answers and structure ask no encoder. */
  private Cost job(int round) throws IOException {
    Path root = work.resolve("round-" + round);
    copy(work.resolve("samples"), root);
    long wall = System.nanoTime();
    long processor = SYSTEM.getProcessCpuTime();
    List<Cost> done = new ArrayList<>();
    new CacheRefresh(
            CacheThroughput::pooled,
            HadoopImages.of(spark),
            (images, total, phase) -> {
              if (phase.equals("features") && images == total) {
                done.add(Cost.since(wall, processor));
              }
            })
        .run(
            spark,
            root.toString(),
            source,
            new LabelBoxes(16, 64),
            new CacheOptions(DType.FP16, 7, PLENTY, 1));
    delete(root);
    return last(done);
  }

  private static Teacher pooled(TeacherSource source) {
    return TeacherPool.shared().acquire(source);
  }

  private static Cost median(List<Cost> costs) {
    return new Cost(
        middle(costs.stream().map(Cost::wall)), middle(costs.stream().map(Cost::processor)));
  }

  private static double middle(Stream<Double> values) {
    List<Double> sorted = values.sorted().toList();
    return sorted.get(sorted.size() / 2);
  }

  private static <T> T last(List<T> list) {
    return list.get(list.size() - 1);
  }

  private static String told(Cost cost) {
    return String.format(Locale.ROOT, "%.2f s (%.2f s of processor)", cost.wall, cost.processor);
  }

  private static void say(String format, Object... values) {
    System.out.println(String.format(Locale.ROOT, format, values));
  }

  private static void copy(Path from, Path to) throws IOException {
    try (Stream<Path> files = Files.walk(from)) {
      for (Path file : files.toList()) {
        Files.copy(file, to.resolve(from.relativize(file).toString()));
      }
    }
  }

  private static void delete(Path folder) throws IOException {
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    }
  }
}
