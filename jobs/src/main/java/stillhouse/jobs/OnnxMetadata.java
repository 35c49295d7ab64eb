package stillhouse.jobs;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import stillhouse.cache.ViewInfo;

/**
 * What a student's ONNX file says of itself.
 *
 * @param view digest of the data that it was trained on
 * @param provenance what decided that data beside the samples, by name: the teacher, digests of its
 *     files, its prompts, structure maps and encoding; without a teacher the share of labels
 */
record OnnxMetadata(
    List<String> classes,
    int height,
    int width,
    String student,
    String recipe,
    String dataset,
    String view,
    Map<String, String> provenance) {
  /** How an image becomes the input; its normalisation is the network's first layer. */
  private static final String PREPROCESSING =
      "RGB / 255, [N, 3, %d, %d], bilinear with half-pixel centres";

  static OnnxMetadata of(RunRecord record, ViewInfo view) {
    return new OnnxMetadata(
        record.classes(),
        record.height(),
        record.width(),
        record.student(),
        record.recipe(),
        record.dataset(),
        record.viewDigest(),
        view.provenance());
  }

  /**
   * @param weights digest of those in the file
   */
  Map<String, String> with(String weights) {
    Map<String, String> all = new TreeMap<>();
    provenance.forEach((name, value) -> all.put("stillhouse.view." + name, value));
    all.put("stillhouse.classes", String.join(",", classes));
    all.put("stillhouse.height", String.valueOf(height));
    all.put("stillhouse.width", String.valueOf(width));
    all.put("stillhouse.preprocessing", PREPROCESSING.formatted(height, width));
    all.put("stillhouse.student", student);
    all.put("stillhouse.recipe", recipe);
    all.put("stillhouse.dataset", dataset);
    all.put("stillhouse.weights", weights);
    all.put("stillhouse.view", view);
    return all;
  }
}
