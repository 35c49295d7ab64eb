package stillhouse.teacher;

import java.io.Serializable;
import java.nio.file.Path;
import stillhouse.identity.Sha256;

/**
 * One model file as the teacher's YAML pins it.
 *
 * @param source see {@link ModelSource#parse}
 * @param sha256 the digest that the file must have
 * @param bytes the size it must have, null where the YAML doesn't say: a truncated download is then
 *     told apart from another file
 */
public record ModelFile(String source, String sha256, Long bytes) implements Serializable {
  public ModelFile {
    ModelSource.parse(source);
    new Sha256(sha256);
  }

  Sha256 digest() {
    return new Sha256(sha256);
  }

  ModelSource from() {
    return ModelSource.parse(source);
  }

  boolean isConverted() {
    return from() instanceof ModelSource.Converted;
  }

  /** A relative {@code file:} source is relative to the YAML that names it. */
  ModelFile relativeTo(Path folder) {
    if (from() instanceof ModelSource.Local local && !local.path().isAbsolute()) {
      Path path = folder.resolve(local.path()).toAbsolutePath().normalize();
      return new ModelFile("file:" + path, sha256, bytes);
    }
    return this;
  }
}
