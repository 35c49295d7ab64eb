package stillhouse.jobs;

import java.nio.file.Files;
import java.nio.file.Path;
import stillhouse.conf.ConfigException;

/** A run's exported file. */
final class OnnxFiles {
  private OnnxFiles() {}

  static Path require(Path folder) {
    Path onnx = folder.resolve(RunRecord.ONNX);
    if (!Files.isRegularFile(onnx)) {
      throw new ConfigException(
          "No ONNX file in "
              + folder
              + ": "
              + RunRecord.ONNX
              + " is missing. Run the export job first.");
    }
    return onnx;
  }
}
