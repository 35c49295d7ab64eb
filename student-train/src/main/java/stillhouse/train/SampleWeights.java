package stillhouse.train;

import java.io.Serializable;
import java.nio.ByteBuffer;
import java.util.Arrays;
import stillhouse.identity.Fingerprint;
import stillhouse.identity.Sha256;

/**
 * How much some samples count, and from which epoch on; all others count as the view has it, from
 * the first. A function of (sample, epoch) alone. Sixteen bytes a sample, so that every rank holds
 * those of all. Immutable.
 *
 * <p>A sample that does not take part in an epoch is left out of its step; the steps, and which
 * sample comes in which, are those of an epoch with all of them. Its weight scales each of its
 * terms and stands in the sums that they are divided by, over all ranks.
 */
public final class SampleWeights implements Serializable {
  private static final long serialVersionUID = 1L;

  /** No sample counts otherwise than the view has it. */
  public static final SampleWeights NONE = new SampleWeights(new long[0], new float[0], new int[0]);

  private final long[] keys;
  private final float[] factors;
  private final int[] enters;

  private SampleWeights(long[] keys, float[] factors, int[] enters) {
    this.keys = keys.clone();
    this.factors = factors.clone();
    this.enters = enters.clone();
  }

  /**
   * Of samples that count otherwise.
   *
   * @param keys {@link SampleKey#of} each, ascending, [n]
   * @param factors of their weights in every loss, ≥ 0; 0 leaves a sample out, [n]
   * @param enters the first epoch that each takes part in, counted from 0, [n]
   */
  public static SampleWeights of(long[] keys, float[] factors, int[] enters) {
    for (int i = 0; i < keys.length; i++) {
      require(i == 0 || keys[i - 1] < keys[i], "keys", "not ascending", i);
      require(factors[i] >= 0 && factors[i] < Float.POSITIVE_INFINITY, "factor", factors[i], i);
      require(enters[i] >= 0, "first epoch", enters[i], i);
    }
    return new SampleWeights(keys, factors, enters);
  }

  private static void require(boolean holds, String what, Object value, int index) {
    if (!holds) {
      throw new IllegalArgumentException(
          "Invalid sample weights: %s of number %d is %s (keys must ascend, factors be finite and >= 0, epochs >= 0)"
              .formatted(what, index, value));
    }
  }

  /** How many samples count otherwise. */
  public int size() {
    return keys.length;
  }

  /** By what a sample's weight in every loss is multiplied; 0 where it does not take part. */
  float factor(String sampleId, int epoch) {
    int at = keys.length == 0 ? -1 : Arrays.binarySearch(keys, SampleKey.of(sampleId));
    if (at < 0) {
      return 1;
    }
    return epoch < enters[at] ? 0 : factors[at];
  }

  /** Identity: equal for weights under which training goes the same way. */
  public Sha256 digest() {
    ByteBuffer all = ByteBuffer.allocate(keys.length * (Long.BYTES + Float.BYTES + Integer.BYTES));
    for (int i = 0; i < keys.length; i++) {
      all.putLong(keys[i]).putFloat(factors[i]).putInt(enters[i]);
    }
    return Fingerprint.of("sample weights 1").add("samples", all.array()).digest();
  }

  @Override
  public String toString() {
    return "SampleWeights of " + keys.length + " samples";
  }
}
