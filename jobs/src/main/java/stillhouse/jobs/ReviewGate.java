package stillhouse.jobs;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import stillhouse.predict.OnnxSource;
import stillhouse.train.Checkpoint;
import stillhouse.train.EpochGate;

/**
 * Holds a run's student against the teacher after every few epochs, as its ONNX file would ship.
 * Never ends a run. Asked again about a checkpoint it draws the same pictures and adds no row.
 */
final class ReviewGate implements EpochGate {
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
  public Decision after(Checkpoint at) {
    ReviewJob.Found found =
        job.look(
            new ReviewJob.Student(
                run.order().name(), run.folder(), onnx(at), at.position().epoch(), at.steps()));
    tracking.metrics(found.report().metrics(job.split()), at.steps());
    if (Files.isDirectory(found.pictures())) {
      tracking.review(found.pictures());
    }
    return Decision.CONTINUE;
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
