package stillhouse.train;

import ai.djl.ndarray.NDArray;
import java.util.Arrays;
import java.util.Map;
import stillhouse.identity.Fingerprint;
import stillhouse.identity.Sha256;
import stillhouse.student.Weights;

/** The identity of a network's numbers: names, shapes and values, buffers included. */
public final class WeightDigest {
  private WeightDigest() {}

  /** The digest of all tensors. */
  public static Sha256 of(Weights weights) {
    return of(weights, "");
  }

  /** The digest of the tensors whose name starts with {@code prefix}. */
  public static Sha256 of(Weights weights, String prefix) {
    Fingerprint fingerprint = Fingerprint.of("weights");
    add(fingerprint, weights.trainable(), prefix);
    add(fingerprint, weights.buffers(), prefix);
    return fingerprint.digest();
  }

  private static void add(Fingerprint into, Map<String, NDArray> tensors, String prefix) {
    tensors.forEach(
        (name, tensor) -> {
          if (name.startsWith(prefix)) {
            into.add(name, Arrays.toString(tensor.getShape().getShape()));
            into.add(name, Tensors.bytes(tensor));
          }
        });
  }
}
