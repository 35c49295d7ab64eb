package stillhouse.benchmarks;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import stillhouse.data.ClassMask;
import stillhouse.data.DatasetConfig;
import stillhouse.data.HadoopImages;
import stillhouse.data.ImageCodec;
import stillhouse.data.Ingest;
import stillhouse.data.RgbImage;
import stillhouse.metrics.MaskCounter;
import stillhouse.predict.Evaluation;
import stillhouse.predict.Masks;
import stillhouse.predict.OnnxSegmenter;
import stillhouse.predict.OnnxSource;

/**
 * Images a second of an evaluation over those of two loops on one thread, the same ONNX Runtime
 * session settings in the same JVM: a bare one, which finds images decoded and takes logits, and
 * what a person would write to score a folder, which reads, decodes, runs, takes masks and counts.
 * The job reads, checks digests, decodes, runs, counts areas, bands and instances, writes the table
 * of images and sums it. Rounds alternate.
 *
 * <p>Run: {@code mvn -pl benchmarks -am process-classes -Devaluations.skip=false
 * -Devaluations.args="NEU_SEG COUNT ROUNDS STUDENT.onnx…"}, files of three classes a, b, c as
 * {@link Int8Files} writes them.
 */
public final class EvaluationThroughput {
  private static final List<String> CLASSES = List.of("a", "b", "c");

  private final SparkSession spark;
  private final Path work;
  private final List<Path> images = new ArrayList<>();
  private final List<Path> masks = new ArrayList<>();
  private final List<RgbImage> decoded = new ArrayList<>();

  EvaluationThroughput(SparkSession spark, Path work) {
    this.spark = spark;
    this.work = work;
  }

  public static void main(String[] args) throws IOException {
    if (args.length < 4) {
      throw new IllegalArgumentException(
          "Invalid arguments: " + List.of(args) + " (must be NEU_SEG COUNT ROUNDS STUDENT.onnx…)");
    }
    Path work = Files.createTempDirectory("evaluation-throughput");
    try (SparkSession spark = OneTask.session("evaluation throughput")) {
      var throughput = new EvaluationThroughput(spark, work);
      throughput.ingest(Path.of(args[0]).toAbsolutePath(), Integer.parseInt(args[1]));
      for (int i = 3; i < args.length; i++) {
        throughput.compare(Path.of(args[i]), Integer.parseInt(args[2]));
      }
    } finally {
      OneTask.delete(work);
    }
  }

  private void ingest(Path neuSeg, int count) throws IOException {
    Path yaml = work.resolve("dataset.yaml");
    Files.writeString(
        yaml,
        """
        name: throughput
        classes: [a, b, c]
        sources:
          - {images: "%s/images/training", masks: "%s/annotations/training", split: test, limit: %d}
        splitSeed: 1
        input: {height: 128, width: 128}
        """
            .formatted(neuSeg, neuSeg, count));
    Ingest.run(spark, DatasetConfig.load(yaml, Map.of()), work.toString());
    for (Row row : samples().select("image_uri").collectAsList()) {
      Path image = Path.of(new org.apache.hadoop.fs.Path(row.getString(0)).toUri().getPath());
      images.add(image);
      String name = image.getFileName().toString();
      masks.add(
          neuSeg
              .resolve("annotations/training")
              .resolve(name.substring(0, name.lastIndexOf('.')) + ".png"));
      decoded.add(ImageCodec.decodeRgb(Files.readAllBytes(image)));
    }
  }

  private Dataset<Row> samples() {
    return spark.read().format("delta").load(work.resolve("tables/samples").toString());
  }

  private void compare(Path student, int rounds) throws IOException {
    OnnxSource source = OnnxSource.of(student, 1);
    List<Cost> bare = new ArrayList<>();
    List<Cost> byHand = new ArrayList<>();
    List<Cost> job = new ArrayList<>();
    try (OnnxSegmenter segmenter = source.open()) {
      for (int round = 0; round <= rounds; round++) {
        Cost ofBare = bare(segmenter);
        Cost ofHand = byHand(segmenter);
        Cost ofJob = job(source);
        say("round %d  bare %s  by hand %s  job %s", round, ofBare, ofHand, ofJob);
        if (round > 0) { // the first warms all three up
          bare.add(ofBare);
          byHand.add(ofHand);
          job.add(ofJob);
        }
      }
    }
    report(student, Cost.median(bare), Cost.median(byHand), Cost.median(job));
  }

  private Cost bare(OnnxSegmenter segmenter) {
    Cost.Start start = Cost.start();
    for (RgbImage image : decoded) {
      segmenter.logits(image);
    }
    return start.cost();
  }

  private Cost byHand(OnnxSegmenter segmenter) throws IOException {
    Cost.Start start = Cost.start();
    var counter = new MaskCounter(CLASSES.size());
    for (int i = 0; i < images.size(); i++) {
      RgbImage image = ImageCodec.decodeRgb(Files.readAllBytes(images.get(i)));
      ClassMask truth = ImageCodec.decodeMask(Files.readAllBytes(masks.get(i)));
      counter.count(
          Masks.fromLogits(segmenter.logits(image), truth.width(), truth.height()), truth);
    }
    return start.cost();
  }

  private Cost job(OnnxSource source) {
    Cost.Start start = Cost.start();
    new Evaluation(CLASSES, work.resolve("counts").toString())
        .run(spark, samples(), source, HadoopImages.of(spark));
    return start.cost();
  }

  private void report(Path student, Cost bare, Cost byHand, Cost job) {
    say(
        "%s: %d images, %.2f ms an image in the bare loop",
        student.getFileName(), decoded.size(), 1e3 * bare.wall() / decoded.size());
    say(
        "images/s of the job over the bare loop's %.3f (%.3f by processor time), over the loop's by hand %.3f (%.3f)",
        bare.wall() / job.wall(),
        bare.processor() / job.processor(),
        byHand.wall() / job.wall(),
        byHand.processor() / job.processor());
  }

  private static void say(String format, Object... values) {
    System.out.println(String.format(Locale.ROOT, format, values));
  }
}
