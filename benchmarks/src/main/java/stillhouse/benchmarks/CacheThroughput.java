package stillhouse.benchmarks;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
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
  private static final int PLENTY = 1_000_000;

  private final SparkSession spark;
  private final LocalTeacher source;
  private final Path work;
  private final List<RgbImage> decoded = new ArrayList<>();

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
    try (SparkSession spark = OneTask.session("cache throughput")) {
      var throughput = new CacheThroughput(spark, source, work);
      throughput.ingest(Path.of(args[1]).toAbsolutePath(), Integer.parseInt(args[2]));
      throughput.compare(Integer.parseInt(args[3]));
    } finally {
      TeacherPool.shared().closeAll();
      OneTask.delete(work);
    }
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
      say("round %d  bare loop %s  feature pass %s", round, last(bare), last(job));
    }
    report(Cost.median(bare), Cost.median(job));
  }

  private void report(Cost bare, Cost job) {
    int n = decoded.size();
    say(
        "%d images, teacher %s, %.1f ms an image in the bare loop",
        n, source.spec().name(), 1e3 * bare.wall() / n);
    say(
        "images/s of the job over the loop's: %.3f by the clock, %.3f by processor time",
        bare.wall() / job.wall(), bare.processor() / job.processor());
    say(
        "overhead an image: %.1f ms by the clock, %.1f ms of processor time",
        1e3 * (job.wall() - bare.wall()) / n, 1e3 * (job.processor() - bare.processor()) / n);
  }

  private Cost bare() {
    try (Teacher teacher = TeacherPool.shared().acquire(source)) {
      Cost.Start start = Cost.start();
      int batch = source.spec().batch();
      for (int from = 0; from < decoded.size(); from += batch) {
        teacher.encode(decoded.subList(from, Math.min(decoded.size(), from + batch)));
      }
      return start.cost();
    }
  }

  /** Until the last features are committed; answers and structure ask no encoder. */
  private Cost job(int round) throws IOException {
    Path root = work.resolve("round-" + round);
    copy(work.resolve("samples"), root);
    Cost.Start start = Cost.start();
    List<Cost> done = new ArrayList<>();
    new CacheRefresh(
            CacheThroughput::pooled,
            HadoopImages.of(spark),
            (images, total, phase) -> {
              if (phase.equals("features") && images == total) {
                done.add(start.cost());
              }
            })
        .run(
            spark,
            root.toString(),
            source,
            new LabelBoxes(16, 64),
            new CacheOptions(DType.FP16, 7, PLENTY, 1));
    OneTask.delete(root);
    return last(done);
  }

  private static Teacher pooled(TeacherSource source) {
    return TeacherPool.shared().acquire(source);
  }

  private static <T> T last(List<T> list) {
    return list.get(list.size() - 1);
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
}
