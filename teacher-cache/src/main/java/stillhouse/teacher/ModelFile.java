package stillhouse.teacher;

import java.io.Serializable;
import java.nio.file.Path;
import stillhouse.identity.Fingerprint;
import stillhouse.identity.Sha256;

/**
 * One model file as the teacher's YAML pins it, or a preset leaves it to be pinned.
 *
 * @param source see {@link ModelSource#parse}
 * @param sha256 the digest that the file must have; null in a preset
 * @param bytes the size it must have, null where the YAML doesn't say: a truncated download is then
 *     told apart from another file
 * @param method of TorchScript, the one to call; null for {@link #FORWARD}
 * @param data the file of ONNX's external weights, which lies beside this one under its own name;
 *     null where there is none
 */
public record ModelFile(String source, String sha256, Long bytes, String method, ModelFile data)
    implements Serializable {
  static final String FORWARD = "forward";

  public ModelFile {
    boolean pinned = !(ModelSource.parse(source) instanceof ModelSource.Yours);
    if (pinned != (sha256 != null)) {
      throw new IllegalArgumentException(
          pinned
              ? "Missing sha256 of source '" + source + "'"
              : "Invalid sha256: " + sha256 + " (source adopt pins no file)");
    }
    if (pinned) {
      new Sha256(sha256);
    }
  }

  /** A file that the digest is known of. */
  ModelFile pinned(String otherSource, Path file, ModelFile itsData) {
    return new ModelFile(
        otherSource, Sha256.ofFile(file).hex(), file.toFile().length(), method, itsData);
  }

  boolean isPinned() {
    return sha256 != null && (data == null || data.isPinned());
  }

  /** Of the file, together with its weights where they lie beside it. */
  Sha256 digest() {
    return data == null
        ? new Sha256(sha256)
        : Fingerprint.of("stillhouse.teacher.ModelFile/1")
            .add("file", sha256)
            .add("data", data.sha256)
            .digest();
  }

  String methodName() {
    return method == null ? FORWARD : method;
  }

  ModelSource from() {
    return ModelSource.parse(source);
  }

  boolean isConverted() {
    return from() instanceof ModelSource.Converted;
  }

  /** A relative {@code file:} source is relative to the YAML that names it. */
  ModelFile relativeTo(Path folder) {
    ModelFile itsData = data == null ? null : data.relativeTo(folder);
    String its = source;
    if (from() instanceof ModelSource.Local local) {
      its = "file:" + folder.resolve(local.path()).toAbsolutePath().normalize();
    }
    return new ModelFile(its, sha256, bytes, method, itsData);
  }
}
