package stillhouse.jobs;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import org.apache.commons.io.FileUtils;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import stillhouse.metrics.Metric;
import stillhouse.train.Attempt;
import stillhouse.train.Checkpoint;
import stillhouse.train.EpochGate;
import stillhouse.train.TrainingPlan;
import stillhouse.train.ValidationHistory;
import stillhouse.train.ValidationLog;
import stillhouse.train.ValidationLook;
import stillhouse.train.ValidationSettings;

/**
 * Scores a run's student between its Spark jobs, keeps the best one's checkpoint, and ends a run
 * that no longer gets better. MLflow is told the scores, and has the best student's files.
 */
final class ValidationGate implements EpochGate {
  private static final Logger log = LoggerFactory.getLogger(ValidationGate.class);
  private static final String BEST = "checkpoints/best"; // in MLflow; the next best takes its place

  private final ValidationSettings settings;
  private final ValidationLog looks;
  private final StudentLook student;
  private final SplitWatch watch;
  private final PreparedRun prepared;
  private final RunTracking tracking;
  private final String of;

  ValidationGate(
      ValidationSettings settings,
      ValidationLog looks,
      StudentLook student,
      SplitWatch watch,
      PreparedRun prepared,
      RunTracking tracking) {
    this.settings = settings;
    this.looks = looks;
    this.student = student;
    this.watch = watch;
    this.prepared = prepared;
    this.tracking = tracking;
    this.of =
        "%s on %s, images %s"
            .formatted(
                settings.metric().metric().key(),
                settings.split(),
                student.samples().set().digest());
  }

  @Override
  public int everyEpochs() {
    return settings.everyEpochs();
  }

  /** Of a recipe with phases the last alone is looked at: before it, no part has met the others. */
  @Override
  public int fromEpoch() {
    TrainingPlan plan = prepared.run().plan();
    return plan.firstEpoch(plan.phases().size() - 1);
  }

  @Override
  public Decision after(Checkpoint at, Attempt attempt) {
    ValidationLook look = looks.at(at, of).orElseGet(() -> look(at, attempt));
    if (look.millis() > 0) {
      // Where it was noted before, its driver may not have come to it. Of the same moment it is the
      // same point of the curve, which MLflow has once.
      tracking.metrics(look.metrics(), look.step(), look.millis());
    }
    say(look, looks.history(look.of()));
    return look.decision();
  }

  private ValidationLook look(Checkpoint at, Attempt attempt) {
    watch.change().ifPresent(log::warn);
    Path files = prepared.folder().resolve("looked-at");
    try {
      Files.createDirectories(files);
      Map<String, Double> metrics = student.at(at, settings.int8(), files);
      ValidationLook look =
          new ValidationLook(
              at.position().epoch(),
              at.steps(),
              at.weightDigest().hex(),
              of,
              metrics.get(student.name(settings.metric().metric(), "")),
              metrics,
              Decision.CONTINUE,
              System.currentTimeMillis());
      if (looks.history(of).best().map(best -> look.score() > best.score()).orElse(true)) {
        send(files); // first: what is noted is not looked at again
      }
      return looks.note(look, at, attempt);
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot keep the student's files in " + files, e);
    } finally {
      FileUtils.deleteQuietly(files.toFile());
    }
  }

  private void send(Path files) throws IOException {
    try (var all = Files.list(files)) {
      all.sorted().forEach(file -> tracking.file(file, BEST));
    }
  }

  private void say(ValidationLook look, ValidationHistory history) {
    ValidationLook best = history.best().orElse(look);
    String score = settings.metric().metric() == Metric.IOU ? "IoU" : "boundary IoU";
    log.info(
        String.format(
            Locale.ROOT,
            "%s: after epoch %d, on split %s: %s; the best %s is %.4f, after epoch %d%s",
            prepared.order().name(),
            look.epoch(),
            settings.split(),
            figures(look),
            score,
            best.score(),
            best.epoch(),
            patience(look, history)));
  }

  private String figures(ValidationLook look) {
    String figures = figures(look, "");
    return settings.int8() ? figures + ", in INT8 " + figures(look, "_int8") : figures;
  }

  private String figures(ValidationLook look, String suffix) {
    return String.format(
        Locale.ROOT,
        "IoU %.4f, boundary IoU %.4f",
        look.metrics().getOrDefault(student.name(Metric.IOU, suffix), Double.NaN),
        look.metrics().getOrDefault(student.name(Metric.BOUNDARY_IOU, suffix), Double.NaN));
  }

  private String patience(ValidationLook look, ValidationHistory history) {
    if (settings.patience() == null) {
      return "";
    }
    String since =
        "%d of %d looks without a better one"
            .formatted(history.withoutBetter(), settings.patience());
    return look.decision() == Decision.STOP ? "; " + since + ": the run ends here" : "; " + since;
  }
}
