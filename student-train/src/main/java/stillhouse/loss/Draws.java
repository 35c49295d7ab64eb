package stillhouse.loss;

import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.function.ToDoubleFunction;

/**
 * Random draws keyed by (seed, epoch, sample, purpose): the same for any number of ranks and after
 * a resume, since no generator's state is carried.
 *
 * @param sampleKeys a 64-bit key a sample of the batch, from its id
 */
public record Draws(long seed, int epoch, long[] sampleKeys) implements Noise {
  /** A generator of its own for sample {@code index} of the batch and one purpose. */
  public SplittableRandom forSample(int index, String purpose) {
    long key = mix(seed);
    key = mix(key ^ epoch);
    key = mix(key ^ sampleKeys[index]);
    return new SplittableRandom(mix(key ^ purpose.hashCode()));
  }

  /**
   * Each sample's from a generator of its own, by the algorithm that {@link
   * java.util.random.RandomGenerator#nextGaussian()} specifies (McFarland's modified ziggurat).
   */
  @Override
  public float[] gaussian(String purpose, int perSample) {
    return each(purpose, perSample, SplittableRandom::nextGaussian);
  }

  /** Each sample's from a generator of its own. */
  @Override
  public float[] uniform(String purpose, int perSample) {
    return each(purpose, perSample, random -> random.nextInt(1 << 24) * 0x1p-24); // floats, all
  }

  /** Draws no others. */
  @Override
  public Draws part(int from, int to) {
    return new Draws(seed, epoch, Arrays.copyOfRange(sampleKeys, from, to));
  }

  private float[] each(String purpose, int perSample, ToDoubleFunction<SplittableRandom> next) {
    float[] values = new float[Math.multiplyExact(sampleKeys.length, perSample)];
    for (int b = 0; b < sampleKeys.length; b++) {
      SplittableRandom random = forSample(b, purpose);
      for (int i = b * perSample; i < (b + 1) * perSample; i++) {
        values[i] = (float) next.applyAsDouble(random);
      }
    }
    return values;
  }

  private static long mix(long z) {
    z += 0x9e3779b97f4a7c15L; // the golden-ratio increment and finaliser of SplitMix64
    z = (z ^ (z >>> 30)) * 0xbf58476d1ce4e5b9L;
    z = (z ^ (z >>> 27)) * 0x94d049bb133111ebL;
    return z ^ (z >>> 31);
  }
}
