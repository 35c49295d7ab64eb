package stillhouse.loss;

/** Where the random values of a step come from: [batch, perSample] flattened, for one purpose. */
public interface Noise {
  /** Standard normal values. */
  float[] gaussian(String purpose, int perSample);

  /** Even values in [0, 1). */
  float[] uniform(String purpose, int perSample);
}
