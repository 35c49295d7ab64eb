package stillhouse.train;

import java.io.Serializable;

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
}
