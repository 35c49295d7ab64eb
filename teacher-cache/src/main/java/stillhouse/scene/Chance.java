package stillhouse.scene;

/**
 * SplitMix64: the same draws from the same seed on every machine. Transcendental functions of the
 * scenes are {@link StrictMath}'s for the same reason.
 */
final class Chance {
  private static final long GOLDEN = 0x9e3779b97f4a7c15L;

  private long state;

  Chance(long seed) {
    state = mix(seed + GOLDEN);
  }

  /** Uniform in [0, 1). */
  float unit() {
    state += GOLDEN;
    return (mix(state) >>> 40) * 0x1p-24f;
  }

  float between(double low, double high) {
    return (float) (low + (high - low) * unit());
  }

  /** Uniform in low…high, both included. */
  int count(int low, int high) {
    return low + (int) (unit() * (high - low + 1));
  }

  boolean happens(double probability) {
    return unit() < probability;
  }

  /** Mean 0, variance 1: the sum of four uniforms, near enough to a Gaussian for sensor noise. */
  float noise() {
    state += GOLDEN;
    long bits = mix(state);
    int sum = 0;
    for (int shift = 0; shift < 64; shift += 16) {
      sum += (int) (bits >>> shift) & 0xffff;
    }
    return (sum - 131070) * (1.7320508f / 65536); // √3: four uniforms have variance 4/12
  }

  static long mix(long z) {
    z = (z ^ (z >>> 30)) * 0xbf58476d1ce4e5b9L;
    z = (z ^ (z >>> 27)) * 0x94d049bb133111ebL;
    return z ^ (z >>> 31);
  }
}
