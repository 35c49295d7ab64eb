package stillhouse.train;

import java.nio.FloatBuffer;

/**
 * {@link AdamW}'s arithmetic over one tensor on the CPU, each number read and written once, where
 * the engine's own step makes a pass and a tensor of every operation. Not thread-safe.
 */
final class AdamStep {
  private static final int CHUNK = 1 << 11; // floats; four such arrays stay in the first cache

  private final float beta1;
  private final float beta2;
  private final float[] w = new float[CHUNK];
  private final float[] g = new float[CHUNK];
  private final float[] m = new float[CHUNK];
  private final float[] v = new float[CHUNK];

  AdamStep(float beta1, float beta2) {
    this.beta1 = beta1;
    this.beta2 = beta2;
  }

  /**
   * @param scale that gradients are multiplied by
   * @param kept what decay leaves of a weight, 1 − η λ
   * @param rate η, bias corrections included
   * @param epsilon what is added to √v
   */
  record Rates(float scale, float kept, float rate, float epsilon) {}

  /** Moves weights and both moments; all four are of one size. */
  void update(
      FloatBuffer weights,
      FloatBuffer gradients,
      FloatBuffer first,
      FloatBuffer second,
      Rates rates) {
    for (int from = 0; from < weights.limit(); from += CHUNK) {
      int size = Math.min(CHUNK, weights.limit() - from);
      weights.get(from, w, 0, size);
      gradients.get(from, g, 0, size);
      first.get(from, m, 0, size);
      second.get(from, v, 0, size);
      update(size, rates.scale, rates.kept, rates.rate, rates.epsilon);
      weights.put(from, w, 0, size);
      first.put(from, m, 0, size);
      second.put(from, v, 0, size);
    }
  }

  private void update(int size, float scale, float kept, float rate, float epsilon) {
    float rest1 = 1 - beta1;
    float rest2 = 1 - beta2;
    for (int i = 0; i < size; i++) {
      float gradient = scale * g[i];
      m[i] = beta1 * m[i] + rest1 * gradient;
      v[i] = beta2 * v[i] + rest2 * gradient * gradient;
      w[i] = kept * w[i] - rate * m[i] / ((float) Math.sqrt(v[i]) + epsilon);
    }
  }
}
