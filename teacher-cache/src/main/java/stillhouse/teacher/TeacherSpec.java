package stillhouse.teacher;

import java.io.Serializable;
import java.util.List;
import stillhouse.identity.Fingerprint;
import stillhouse.identity.Sha256;

/**
 * What identifies a teacher's answers, and how it is asked.
 *
 * @param encoderDigest digest of the model file that makes the features
 * @param decoderDigest digest of the file that makes the logits; the encoder's own for a plain
 *     segmenter
 * @param preprocessing digest of size, resizing, channel order, mean and deviation
 * @param layers names of the cached feature maps, the embedding among them; a plain segmenter has
 *     {@link Teacher#LOGITS} here too
 * @param embedding the layer that students align with
 * @param promptable whether {@link Teacher#decode} answers
 * @param batch images in one fixed-shape call of the encoder
 * @param extent where images end in the cached maps; {@code preprocessing} has all of it
 */
public record TeacherSpec(
    String name,
    Sha256 encoderDigest,
    Sha256 decoderDigest,
    Sha256 preprocessing,
    List<String> layers,
    String embedding,
    boolean promptable,
    int batch,
    MapExtent extent)
    implements Serializable {
  public TeacherSpec {
    layers = List.copyOf(layers);
    if (!layers.contains(embedding)) {
      throw new IllegalArgumentException(
          "Invalid teacher " + name + ": embedding '" + embedding + "' is not among " + layers);
    }
  }

  /** Of a teacher whose maps span each image exactly. */
  public TeacherSpec(
      String name,
      Sha256 encoderDigest,
      Sha256 decoderDigest,
      Sha256 preprocessing,
      List<String> layers,
      String embedding,
      boolean promptable,
      int batch) {
    this(
        name,
        encoderDigest,
        decoderDigest,
        preprocessing,
        layers,
        embedding,
        promptable,
        batch,
        MapExtent.EXACT);
  }

  /** Whether it gives logits at all: a bare encoder has features, and structure, only. */
  public boolean answers() {
    return promptable || layers.contains(Teacher.LOGITS);
  }

  /** The layers that lie over the image: without what only a decoder reads of the padding. */
  public List<String> imageLayers() {
    return layers.stream()
        .filter(layer -> layers.stream().map(TeacherConfig::margin).noneMatch(layer::equals))
        .toList();
  }

  /** Equal exactly where every part is. */
  public Sha256 fingerprint() {
    return Fingerprint.of("stillhouse.teacher.TeacherSpec/1")
        .add("name", name)
        .add("encoder", encoderDigest)
        .add("decoder", decoderDigest)
        .add("preprocessing", preprocessing)
        .add("layers", layers)
        .add("embedding", embedding)
        .add("promptable", promptable)
        .add("batch", batch)
        .digest();
  }
}
