package stillhouse.loss;

import java.util.Arrays;

/** Where the random values of a step come from: [batch, perSample] flattened, for one purpose. */
public interface Noise {
  /** Standard normal values. */
  float[] gaussian(String purpose, int perSample);

  /** Even values in [0, 1). */
  float[] uniform(String purpose, int perSample);

  /** The same values, of samples {@code from} to {@code to − 1} alone. */
  default Noise part(int from, int to) {
    Noise whole = this;
    return new Noise() {
      @Override
      public float[] gaussian(String purpose, int perSample) {
        return cut(whole.gaussian(purpose, perSample), perSample);
      }

      @Override
      public float[] uniform(String purpose, int perSample) {
        return cut(whole.uniform(purpose, perSample), perSample);
      }

      private float[] cut(float[] values, int perSample) {
        return Arrays.copyOfRange(values, from * perSample, to * perSample);
      }
    };
  }
}
