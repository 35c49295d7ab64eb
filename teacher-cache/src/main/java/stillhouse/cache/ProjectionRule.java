package stillhouse.cache;

import java.io.Serializable;
import java.util.List;
import java.util.Optional;
import stillhouse.conf.ConfigException;
import stillhouse.data.DatasetConfig;
import stillhouse.identity.Fingerprint;
import stillhouse.identity.Sha256;
import stillhouse.teacher.Teacher;
import stillhouse.teacher.TeacherSpec;

/**
 * What decides which projection a layer is stored through. A workspace fits one for each rule and
 * keeps it: which images happen to be there later is no part of it, or every night's new ones would
 * change every key.
 *
 * @param encoder digest of the file that makes the features
 * @param preprocessing of the images
 * @param dimensions C′
 * @param sample images that it is fitted to at most
 */
record ProjectionRule(
    Sha256 encoder, Sha256 preprocessing, String layer, int dimensions, int sample)
    implements Serializable {
  // Of 256 images a quarter of a million cells: past what 256 channels need.
  static final int POSITIONS = 1024;

  /** Raised with any change of what is observed, or of how directions follow from it. */
  private static final int VERSION = 1;

  Sha256 digest() {
    return Fingerprint.of("projection rule")
        .add("version", VERSION)
        .add("encoder", encoder)
        .add("preprocessing", preprocessing)
        .add("layer", layer)
        .add("channels", dimensions)
        .add("sample", sample)
        .add("positions", POSITIONS)
        .digest();
  }

  /**
   * One for each layer that a data set's cache projects.
   *
   * @throws ConfigException where the teacher has no such layer
   */
  static List<ProjectionRule> of(Optional<DatasetConfig.Projection> asked, TeacherSpec spec) {
    return asked
        .map(p -> p.layers(spec.embedding()).stream().map(layer -> of(p, layer, spec)).toList())
        .orElse(List.of());
  }

  private static ProjectionRule of(DatasetConfig.Projection asked, String layer, TeacherSpec spec) {
    List<String> maps = spec.layers().stream().filter(l -> !l.equals(Teacher.LOGITS)).toList();
    if (!maps.contains(layer)) {
      throw new ConfigException(
          "Invalid cache.projection.layers: '%s' is no feature map of teacher %s (it has %s)"
              .formatted(layer, spec.name(), String.join(", ", maps)));
    }
    return new ProjectionRule(
        spec.encoderDigest(), spec.preprocessing(), layer, asked.channels(), asked.sample());
  }
}
