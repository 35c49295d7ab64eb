package stillhouse.jobs;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import stillhouse.predict.OnnxSource;
import stillhouse.train.Attempt;
import stillhouse.train.Checkpoint;
import stillhouse.train.EpochGate;

/**
 * Holds a run's student against the teacher after every few epochs, as its ONNX file would ship.
 * Never ends a run. Asked again about a checkpoint, as a driver is that goes on from it, it does
 * not look again.
 */
final class ReviewGate implements EpochGate {
  static final String FILE = "reviewed.json";

  private final int every;
  private final ReviewJob job;
  private final PreparedRun run;
  private final CheckpointStudent student;
  private final RunTracking tracking;

  ReviewGate(
      int every, ReviewJob job, PreparedRun run, CheckpointStudent student, RunTracking tracking) {
    this.every = every;
    this.job = job;
    this.run = run;
    this.student = student;
    this.tracking = tracking;
  }

  @Override
  public int everyEpochs() {
    return every;
  }

  @Override
  public Decision after(Checkpoint at, Attempt attempt) {
    Map<String, Object> look = look(at);
    if (!look.equals(last())) {
      compare(at);
      attempt.require("note the review after epoch " + at.position().epoch());
      JsonFiles.write(run.folder().resolve(FILE), look);
    }
    Path pictures = job.pictures(run.folder(), at.position().epoch());
    if (Files.isDirectory(pictures)) {
      tracking.review(pictures); // a driver before this one may not have come to it
    }
    return Decision.CONTINUE;
  }

  private Map<String, Object> look(Checkpoint at) {
    return Map.of(
        "epoch",
        at.position().epoch(),
        "weights",
        at.weightDigest().hex(),
        "terms",
        job.terms(at.position().epoch()));
  }

  /** Of the last look that was finished; empty where there was none. */
  private Map<?, ?> last() {
    Path note = run.folder().resolve(FILE);
    try {
      return Files.exists(note) ? JsonFiles.JSON.readValue(note.toFile(), Map.class) : Map.of();
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot read " + note + ": " + e.getMessage(), e);
    }
  }

  private void compare(Checkpoint at) {
    ReviewJob.Found found =
        job.look(
            new ReviewJob.Student(
                run.order().name(), run.folder(), onnx(at), at.position().epoch(), at.steps()));
    tracking.metrics(found.report().metrics(job.split()), at.steps());
  }

  private OnnxSource onnx(Checkpoint at) {
    try {
      Path file = Files.createTempFile(run.folder(), "reviewed-", ".onnx");
      try {
        student.write(at, file);
        return OnnxSource.of(file, 1);
      } finally {
        Files.deleteIfExists(file);
      }
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot write a student to " + run.folder(), e);
    }
  }
}
