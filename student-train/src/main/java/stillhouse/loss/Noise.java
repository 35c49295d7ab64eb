package stillhouse.loss;

/** Where the random values of a step come from. */
@FunctionalInterface
public interface Noise {
  /** Standard normal values, [batch, perSample] flattened, for one purpose. */
  float[] gaussian(String purpose, int perSample);
}
