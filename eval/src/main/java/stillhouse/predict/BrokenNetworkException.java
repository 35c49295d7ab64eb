package stillhouse.predict;

import java.util.Arrays;
import stillhouse.tensor.FloatTensor;

/** A network whose answer is no number. The message names the file. */
public final class BrokenNetworkException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private BrokenNetworkException(String message) {
    super(message);
  }

  private BrokenNetworkException(String message, Throwable cause) {
    super(message, cause);
  }

  /**
   * @param file stands in the message
   * @throws BrokenNetworkException where a logit is not finite
   */
  public static void check(String file, FloatTensor logits) {
    if (!logits.isFinite()) {
      int at = 0;
      while (Float.isFinite(logits.data()[at])) {
        at++;
      }
      throw new BrokenNetworkException(
          "%s says no number: its logits %s hold %s at %d. Weights that diverged (train again at a lower rate) or FP16 beyond 65504 (take FP32 or INT8) give such"
              .formatted(file, Arrays.toString(logits.shape()), logits.data()[at], at));
    }
  }

  /**
   * The same of a value beside the logits.
   *
   * @param what it is
   */
  public static void check(String file, String what, float value) {
    if (!Float.isFinite(value)) {
      throw new BrokenNetworkException("%s says no number: %s is %s".formatted(file, what, value));
    }
  }

  /** The same, of a sample. */
  BrokenNetworkException on(String sample, String image) {
    return new BrokenNetworkException(
        "Cannot score sample %s (%s): %s".formatted(sample, image, getMessage()), this);
  }
}
