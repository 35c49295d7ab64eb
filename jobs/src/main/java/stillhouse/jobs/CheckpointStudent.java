package stillhouse.jobs;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import stillhouse.cache.TrainingView;
import stillhouse.onnx.OnnxExport;
import stillhouse.train.Checkpoint;
import stillhouse.train.Experiment;

/**
 * The student of a checkpoint as the file that would ship, made on the driver.
 *
 * @param rounded makes its file in INT8
 */
record CheckpointStudent(
    Experiment experiment, TrainingView view, OnnxMetadata metadata, RoundedStudent rounded) {
  /** Writes the student, its moving average where the run keeps one. */
  void write(Checkpoint checkpoint, Path file) {
    try (Network network = new Network(experiment, view)) {
      checkpoint.restoreForUse(network.weights());
      OnnxExport.write(
          network.student(),
          network.weights(),
          metadata.with(checkpoint.weightDigest().hex()),
          file);
    } catch (IOException e) {
      throw unwritable("", file, e);
    }
  }

  /** Writes a student's file in INT8. */
  void writeInt8(Path onnx, Path file) {
    try {
      Files.write(file, rounded.of(Files.readAllBytes(onnx)));
    } catch (IOException e) {
      throw unwritable(" in INT8", file, e);
    }
  }

  private static UncheckedIOException unwritable(String how, Path file, IOException cause) {
    return new UncheckedIOException(
        "Cannot write the student%s as %s: %s. The driver writes what it looks at into the run's folder: make room or give it the right to write there, and run the same command again; it goes on from the last checkpoint."
            .formatted(how, file, cause.getMessage()),
        cause);
  }
}
