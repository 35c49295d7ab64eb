package stillhouse.jobs;

import ai.djl.ndarray.NDArray;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.apache.hadoop.conf.Configuration;
import stillhouse.cache.TrainingView;
import stillhouse.onnx.OnnxExport;
import stillhouse.quantize.QdqModel;
import stillhouse.train.Checkpoint;
import stillhouse.train.Experiment;
import stillhouse.train.ViewImages;

/** The student of a checkpoint as the file that would ship, made on the driver. */
record CheckpointStudent(
    Experiment experiment, TrainingView view, OnnxMetadata metadata, Configuration hadoop) {
  private static final int CALIBRATION_IMAGES = 32; // in the order of a hash: a fair draw

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
      throw new UncheckedIOException("Cannot write the student as " + file, e);
    }
  }

  /** Writes a student's file in INT8, calibrated on training images. */
  void writeInt8(Path onnx, Path file) {
    try {
      Files.write(file, QdqModel.of(Files.readAllBytes(onnx), calibrationImages()));
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot write the student in INT8 as " + file, e);
    }
  }

  private List<float[]> calibrationImages() {
    try (Network network = new Network(experiment, view);
        NDArray images = ViewImages.first(view, CALIBRATION_IMAGES, network.manager(), hadoop)) {
      List<float[]> each = new ArrayList<>();
      for (int i = 0; i < images.getShape().get(0); i++) {
        try (NDArray image = images.get(i)) {
          each.add(image.toFloatArray());
        }
      }
      return each;
    }
  }
}
