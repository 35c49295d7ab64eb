package stillhouse.jobs;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.apache.spark.sql.SparkSession;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import stillhouse.conf.ConfigException;
import stillhouse.data.DatasetConfig;
import stillhouse.data.IngestedDataset;
import stillhouse.predict.Uncertainty;
import stillhouse.teacher.LocalTeacher;
import stillhouse.tracking.TrackedRun;
import stillhouse.tracking.TrackingServer;

/** The student first, and the teacher for what it is unsure of. */
@Command(
    name = "cascade",
    mixinStandardHelpOptions = true,
    description =
        "Says what it gains to ask the teacher about the images that a run's student is unsure of: thresholds found on one split, reported on another.")
final class CascadeCommand implements Callable<Integer> {
  private static final Logger log = LoggerFactory.getLogger(CascadeCommand.class);
  @Mixin private DataOptions data;
  @Mixin private RunSelection runs;
  @Mixin private TeacherOption teacher;
  @Mixin private TrackingOptions tracking;

  @Option(
      names = "--student-share",
      paramLabel = "SHARE",
      defaultValue = "0.94",
      description =
          "of the images that the student answers alone, at least, 0 to 1 (default: ${DEFAULT-VALUE})")
  private double studentShare;

  @Option(
      names = "--target",
      paramLabel = "METRIC=VALUE",
      description =
          "in place of a share: as few images for the teacher as reach this on the split that thresholds are found on: iou, boundary_iou or dice, such as boundary_iou=0.6")
  private Optional<String> target = Optional.empty();

  @Option(
      names = "--reading",
      split = ",",
      paramLabel = "NAME",
      description =
          "how uncertainty is read, one or more of entropy, softness, saliency (default: all)")
  private List<String> readings = Uncertainty.words();

  @Option(
      names = "--variant",
      paramLabel = "NAME",
      defaultValue = "fp32",
      description =
          "which of the run's files is the student: fp32, or another that was exported, such as int8-cpu or points (default: ${DEFAULT-VALUE})")
  private String variant;

  @Option(
      names = "--validate-split",
      paramLabel = "NAME",
      defaultValue = "val",
      description = "where thresholds are found (default: ${DEFAULT-VALUE})")
  private String validation;

  @Option(
      names = "--split",
      paramLabel = "NAME",
      defaultValue = "test",
      description = "what is reported on (default: ${DEFAULT-VALUE})")
  private String split;

  @Override
  public Integer call() throws Exception {
    CascadeTarget aim = CascadeTarget.of(studentShare, target);
    List<Uncertainty> read = readings();
    if (validation.equals(split)) {
      throw new ConfigException(
          "Invalid --split: %s (must be another than --validate-split: a threshold looks better than it is on the images that it was found on)"
              .formatted(split));
    }
    DatasetConfig dataset = data.load();
    LocalTeacher source = teacher.resolve(dataset);
    if (!source.spec().answers()) {
      throw new ConfigException(
          "Teacher %s gives no masks (its YAML names neither logits nor a decoder): there is nothing to fall back to. Name another --teacher."
              .formatted(source.spec().name()));
    }
    List<Path> folders = runs.folders();
    List<ScoredFile> students = folders.stream().map(f -> student(f, dataset)).toList();
    try (var server = tracking.connect();
        var session = JobSession.open("cascade " + dataset.name())) {
      SparkSession spark = session.spark();
      String root = runs.root().uri();
      IngestedDataset.require(spark, root, dataset);
      try (var pinned = new RunPins(spark, root).evaluating()) {
        var of = Optional.of(source.spec());
        TestSamples found = TestSamples.of(spark, root, dataset, validation, of);
        TestSamples reported = TestSamples.of(spark, root, dataset, split, of);
        for (TestSamples samples : List.of(found, reported)) {
          CascadeSplit.of(samples).told().forEach(log::warn);
        }
        var asked = AskedTeacher.of(source, dataset);
        CascadeJob job = new CascadeJob(spark, runs.root(), found, reported, asked, read, aim);
        for (ScoredFile student : students) {
          run(job, student, server);
        }
      }
    }
    return 0;
  }

  private ScoredFile student(Path folder, DatasetConfig dataset) {
    ScoredFile file = ScoredFile.of(folder, Variant.named(variant));
    file.requireFits(file.source(), dataset, runs.root());
    return file;
  }

  private void run(CascadeJob job, ScoredFile student, TrackingServer server) throws IOException {
    RunRecord record = RunRecord.read(student.folder());
    CascadeReport report = job.run(student.name(record.name()), student.source());
    Path kept = Files.createDirectories(student.scores().resolve("cascade"));
    JsonFiles.write(kept.resolve("cascade.json"), report.json());
    Files.write(kept.resolve("cascade.png"), report.picture());
    System.out.println(report.text());
    try (TrackedRun run = server.resume(record.mlflowRun())) {
      Map<String, Double> metrics = new HashMap<>();
      report.metrics().forEach((name, value) -> metrics.put(name + student.suffix(), value));
      run.metrics(metrics, record.steps());
      run.artifacts(kept, "cascade" + student.suffix());
    }
    log.info("Wrote {}", kept);
  }

  private List<Uncertainty> readings() {
    List<Uncertainty> read = new ArrayList<>();
    for (String word : readings) {
      read.add(
          Uncertainty.of(word)
              .orElseThrow(
                  () ->
                      new ConfigException(
                          "Invalid --reading: %s (must be one of %s)"
                              .formatted(word, Uncertainty.words()))));
    }
    return read;
  }
}
