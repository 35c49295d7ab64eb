package stillhouse.jobs;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.apache.spark.sql.SparkSession;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import stillhouse.cache.ReviewTable;
import stillhouse.data.DatasetConfig;
import stillhouse.data.IngestedDataset;
import stillhouse.predict.OnnxSource;
import stillhouse.teacher.LocalTeacher;
import stillhouse.tracking.TrackedRun;
import stillhouse.tracking.TrackingServer;

/** Student against teacher, sample by sample; and the way back for what reviewers say of it. */
@Command(
    name = "review",
    mixinStandardHelpOptions = true,
    description =
        "Finds the samples on which a run's student and the teacher disagree, or takes in what reviewers said of them.")
final class ReviewCommand implements Callable<Integer> {
  private static final Logger log = LoggerFactory.getLogger(ReviewCommand.class);
  @Mixin private DataOptions data;
  @Mixin private RunSelection runs;
  @Mixin private TeacherOption teacher;
  @Mixin private TrackingOptions tracking;
  @Mixin private ReviewOptions options;

  @Option(
      names = "--verdicts",
      paramLabel = "FILE",
      description =
          "take these verdicts in and look for nothing: a .csv file, or a Parquet or Delta table, with sample_id, verdict (agree-with-teacher, agree-with-student, both-wrong, skip) and, where wanted, weight, source (human, vlm), note")
  private Optional<String> verdicts = Optional.empty();

  @Override
  public Integer call() throws Exception {
    DatasetConfig dataset = data.load();
    return verdicts.isPresent() ? take(dataset, verdicts.get()) : look(dataset);
  }

  private int take(DatasetConfig dataset, String file) {
    runs.root().requireThere();
    try (var session = JobSession.open("review " + dataset.name())) {
      IngestedDataset.require(session.spark(), runs.root().uri(), dataset);
      var taken = new VerdictImport(session.spark(), runs.root().uri()).take(place(file));
      System.out.printf(
          "%d samples are judged, %d verdicts are new or changed; %d rows without a verdict were left alone%n",
          taken.verdicts(), taken.added(), taken.blank());
    }
    return 0;
  }

  /** A path of this machine as Hadoop takes it, whatever its default file system is. */
  private static String place(String file) {
    return file.matches("[A-Za-z][A-Za-z0-9+.-]*:.*")
        ? file
        : "file:" + Path.of(file).toAbsolutePath().normalize();
  }

  private int look(DatasetConfig dataset) throws IOException {
    ReviewTerms terms = options.terms();
    LocalTeacher source = teacher.resolve(dataset);
    List<Path> folders = runs.folders();
    for (Path folder : folders) {
      var file = new ScoredFile(folder, Variant.FP32);
      file.requireFits(file.source(), dataset, runs.root());
    }
    try (var server = tracking.connect();
        var session = JobSession.open("review " + dataset.name())) {
      SparkSession spark = session.spark();
      String root = runs.root().uri();
      IngestedDataset.require(spark, root, dataset);
      try (var pinned = new RunPins(spark, root).evaluating()) {
        ReviewJob job = new ReviewJob(spark, root, dataset, source.spec(), terms);
        for (Path folder : folders) {
          look(job, terms, server, folder);
        }
      }
    }
    return 0;
  }

  private void look(ReviewJob job, ReviewTerms terms, TrackingServer server, Path folder)
      throws IOException {
    RunRecord record = RunRecord.read(folder);
    OnnxSource onnx = OnnxSource.of(OnnxFiles.require(folder), 1);
    int epoch = record.bestEpoch() == 0 ? record.epochs() : record.bestEpoch();
    long step = record.steps() / record.epochs() * epoch;
    ReviewJob.Found found =
        job.look(new ReviewJob.Student(record.name(), folder, onnx, epoch, step));
    System.out.printf(
        "%s, epoch %d, split %s: %s%n%n%s%n",
        record.name(), epoch, terms.split(), told(terms), found.report().text());
    if (Files.isDirectory(found.pictures())) {
      System.out.printf(
          "Pictures of the worst, and %s to be filled in: %s%n",
          ReviewSheets.VERDICTS, found.pictures());
    }
    try (TrackedRun run = server.resume(record.mlflowRun())) {
      run.metrics(found.report().metrics(terms.split()), step);
      if (Files.isDirectory(found.pictures())) {
        run.artifacts(found.pictures(), RunTracking.REVIEW + "/" + found.pictures().getFileName());
      }
    }
    log.info("{} new rows in {}", found.added(), ReviewTable.path(runs.root().uri()));
  }

  private static String told(ReviewTerms terms) {
    return switch (terms.reading()) {
      case DIFFERENCE ->
          "flagged where IoU(teacher, label) - IoU(student, label) > %s; without a label, where 1 - IoU(student, teacher) is"
              .formatted(terms.threshold());
      case DIVERGENCE ->
          "flagged where |IoU(teacher, label) - IoU(student, label)| > %s; without a label, where 1 - IoU(student, teacher) is"
              .formatted(terms.threshold());
      case ABSOLUTE -> "flagged where 1 - IoU(student, teacher) > %s".formatted(terms.threshold());
      case BELOW -> "flagged where IoU(student, teacher) < %s".formatted(terms.threshold());
    };
  }
}
