package stillhouse.teacher;

import java.util.Collection;
import java.util.Map;

/** What a teacher's YAML must be beyond its schema. */
final class TeacherConfigCheck {
  private TeacherConfigCheck() {}

  static void layers(Map<String, String> layers, String embedding) {
    if (!layers.containsKey(embedding)) {
      throw new IllegalArgumentException(
          "Invalid embedding: '" + embedding + "' (must be one of layers " + layers.keySet() + ")");
    }
    if (layers.containsKey(Teacher.LOGITS)) {
      throw new IllegalArgumentException(
          "Invalid layers: 'logits' (a segmenter's dense logits are named by the key logits: "
              + layers.get(Teacher.LOGITS)
              + ")");
    }
  }

  static void decoder(ModelFiles files, Map<String, String> layers, DecoderConfig decoder) {
    if ((decoder == null) != (files.decoder() == null)) {
      throw new IllegalArgumentException(
          decoder == null
              ? "files.decoder is given without decoder: (its kind)"
              : "decoder is given without files.decoder (its source and sha256)");
    }
    if (decoder == null) {
      return;
    }
    Collection<String> needed = decoder.features().values();
    if (!layers.keySet().containsAll(needed)) {
      throw new IllegalArgumentException(
          "Invalid layers: " + layers.keySet() + " (the decoder reads " + needed + ")");
    }
    for (String layer : needed) {
      if (layers.containsKey(TeacherConfig.margin(layer))) {
        throw new IllegalArgumentException(
            "Invalid layers: '%s' (the name is kept for the padding of layer %s)"
                .formatted(TeacherConfig.margin(layer), layer));
      }
    }
  }

  static void granularity(ModelFiles files, DecoderConfig decoder, GranularityPrior granularity) {
    if ((granularity == null) != (files.proposals() == null)) {
      throw new IllegalArgumentException(
          granularity == null
              ? "files.proposals is given without granularity: (nearest and minScore)"
              : "granularity is given without files.proposals (its source and sha256)");
    }
    if (granularity != null && (decoder == null || decoder.boxesOnly() || decoder.pointsOnly())) {
      throw new IllegalArgumentException(
          "Invalid granularity: %s (%s, and a point is asked together with a box)"
              .formatted(
                  granularity,
                  decoder == null
                      ? "there is no decoder"
                      : "a decoder of kind "
                          + decoder.kind()
                          + " takes "
                          + (decoder.boxesOnly() ? "boxes" : "points")
                          + " alone"));
    }
  }

  /** What one of the engines has and the other hasn't. */
  static void engine(TeacherConfig.Engine engine, ModelFiles files) {
    if (engine == TeacherConfig.Engine.PYTORCH && files.proposals() != null) {
      throw new IllegalArgumentException(
          "Invalid files.proposals: %s (an ONNX file, which engine pytorch does not run)"
              .formatted(files.proposals().source()));
    }
    for (ModelFile file : files.all()) {
      if (engine == TeacherConfig.Engine.ONNXRUNTIME && file.method() != null) {
        throw new IllegalArgumentException(
            "Invalid method: '" + file.method() + "' (engine onnxruntime calls no methods)");
      }
      if (engine == TeacherConfig.Engine.PYTORCH && file.data() != null) {
        throw new IllegalArgumentException(
            "Invalid data: " + file.data().source() + " (engine pytorch has no external weights)");
      }
    }
  }
}
