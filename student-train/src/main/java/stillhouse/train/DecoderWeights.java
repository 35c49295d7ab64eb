package stillhouse.train;

import java.io.Serializable;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import stillhouse.conf.ConfigException;
import stillhouse.decoder.PromptInput;
import stillhouse.identity.Sha256;

/**
 * The teacher's decoder as tensors, on every rank's machine.
 *
 * @param file a safetensors file's absolute path; empty where there is none
 * @param sha256 its digest, which decides the weights that a run ends with
 * @param input that its weights were made for; null where there is no file, nor was one
 */
public record DecoderWeights(String file, String sha256, PromptInput input)
    implements Serializable {
  private static final long serialVersionUID = 1L;

  /** Of a teacher whose decoder is not to be had so, or of none. */
  public static final DecoderWeights NONE = new DecoderWeights("", "", null);

  /**
   * Of a run that is trained: what its decoder keeps of the teacher's.
   *
   * @param height of the input that the teacher's was made for; 0 where there was none
   */
  public static DecoderWeights taken(int height, int width) {
    return height == 0 ? NONE : new DecoderWeights("", "", new PromptInput(height, width));
  }

  /** The input that prompts' places have the half pixel of, where it is not the student's own. */
  public Optional<PromptInput> madeFor() {
    return Optional.ofNullable(input);
  }

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
