package stillhouse.train;

import java.io.Serializable;
import java.nio.file.Files;
import java.nio.file.Path;
import stillhouse.conf.ConfigException;
import stillhouse.identity.Sha256;

/**
 * The teacher's decoder as tensors, on every rank's machine.
 *
 * @param file a safetensors file's absolute path; empty where there is none
 * @param sha256 its digest, which decides the weights that a run ends with
 */
public record DecoderWeights(String file, String sha256) implements Serializable {
  private static final long serialVersionUID = 1L;

  /** Of a teacher whose decoder is not to be had so, or of none. */
  public static final DecoderWeights NONE = new DecoderWeights("", "");

  boolean there() {
    return !file.isEmpty();
  }

  /**
   * @throws ConfigException where this machine's file is none, or another than the driver's
   */
  void verify() {
    if (!Files.isRegularFile(Path.of(file))) {
      throw new ConfigException(
          "Cannot read the teacher's decoder %s: no such file here. Put teachers' files on a mount that every rank sees (STILLHOUSE_TEACHERS)"
              .formatted(file));
    }
    String here = Sha256.ofFile(Path.of(file)).hex();
    if (!here.equals(sha256)) {
      throw new ConfigException(
          "Cannot use the teacher's decoder %s: its SHA-256 is %s, the run's is %s. Bring the run's file back"
              .formatted(file, here, sha256));
    }
  }
}
