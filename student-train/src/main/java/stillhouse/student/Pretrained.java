package stillhouse.student;

import java.io.Serializable;
import java.nio.file.Path;
import stillhouse.identity.Sha256;

/**
 * Published weights that a student's encoder starts from.
 *
 * @param file a safetensors file, an absolute path that every executor can read
 * @param sha256 what the file must be
 */
public record Pretrained(String file, String sha256) implements Serializable {
  public Pretrained {
    new Sha256(sha256); // refuses what is no digest
    if (!Path.of(file).isAbsolute()) {
      throw new IllegalArgumentException(
          "Invalid pretrained.file: " + file + " (must be an absolute path)");
    }
  }

  Path path() {
    return Path.of(file);
  }
}
