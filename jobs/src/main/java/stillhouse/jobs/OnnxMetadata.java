package stillhouse.jobs;

import java.util.List;
import java.util.Map;

/**
 * What a student's ONNX file says of itself.
 *
 * @param view digest of the data that it was trained on
 */
record OnnxMetadata(
    List<String> classes,
    int height,
    int width,
    String student,
    String recipe,
    String dataset,
    String view) {
  static OnnxMetadata of(RunRecord record) {
    return new OnnxMetadata(
        record.classes(),
        record.height(),
        record.width(),
        record.student(),
        record.recipe(),
        record.dataset(),
        record.viewDigest());
  }

  /**
   * @param weights digest of those in the file
   */
  Map<String, String> with(String weights) {
    return Map.of(
        "stillhouse.classes", String.join(",", classes),
        "stillhouse.height", String.valueOf(height),
        "stillhouse.width", String.valueOf(width),
        "stillhouse.student", student,
        "stillhouse.recipe", recipe,
        "stillhouse.dataset", dataset,
        "stillhouse.weights", weights,
        "stillhouse.view", view);
  }
}
