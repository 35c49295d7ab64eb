package stillhouse.train;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonProperty;
import java.io.Serializable;
import java.util.SplittableRandom;
import org.apache.commons.math3.distribution.NormalDistribution;

/**
 * Changes of light, motion and sensor noise, on the student's input only: what the teacher said
 * stays true. First {@link MotionBlur} along a random direction; then for u, v uniform in −1…1 and
 * w in 0…1: x ← clamp(2^(u·exposure) · x^(2^(v·gamma)) + w·noise·ε), ε standard normal per channel
 * and pixel. All zero is the identity.
 *
 * @param exposure largest change of exposure either way, photographic stops
 * @param gamma largest change of gamma either way, powers of two; 0 is not written in JSON
 * @param noise largest standard deviation of the noise, where white is 1
 * @param motionBlur longest path of a motion, pixels of the student's input, odd; 0 for none, and
 *     is not written in JSON
 */
public record Photometric(
    float exposure,
    @JsonInclude(JsonInclude.Include.NON_DEFAULT) float gamma,
    float noise,
    @JsonInclude(JsonInclude.Include.NON_DEFAULT) int motionBlur)
    implements Serializable {
  public static final Photometric NONE = new Photometric(0, 0, 0, 0);
  private static final int CHANNELS = 3;

  public Photometric {
    if (!(exposure >= 0 && gamma >= 0 && noise >= 0)) {
      throw new IllegalArgumentException(
          "Invalid photometric augmentation: exposure "
              + exposure
              + ", gamma "
              + gamma
              + ", noise "
              + noise
              + " (must be >= 0)");
    }
    if (motionBlur < 0 || (motionBlur > 0 && motionBlur % 2 == 0)) {
      throw new IllegalArgumentException(
          "Invalid photometric augmentation: motionBlur "
              + motionBlur
              + " (must be 0, or an odd number of pixels)");
    }
  }

  @JsonCreator
  static Photometric read(
      @JsonProperty("exposure") float exposure,
      @JsonProperty("gamma") Float gamma,
      @JsonProperty("noise") float noise,
      @JsonProperty("motionBlur") Integer motionBlur) {
    return new Photometric(
        exposure, gamma == null ? 0 : gamma, noise, motionBlur == null ? 0 : motionBlur);
  }

  boolean isNone() {
    return equals(NONE);
  }

  /** Changes an image in place: [3, height, width] from index {@code from} on, each in 0…1. */
  void apply(float[] values, int from, int height, int width, SplittableRandom random) {
    int to = from + CHANNELS * height * width;
    if (motionBlur > 0) { // draws nothing otherwise: other augmentations stay what they were
      int reach = random.nextInt(motionBlur / 2 + 1);
      double angle = Math.PI * random.nextDouble();
      MotionBlur.apply(values, from, CHANNELS, height, width, reach, angle);
    }
    double gain = Math.pow(2, (2 * random.nextDouble() - 1) * exposure);
    double power = Math.pow(2, (2 * random.nextDouble() - 1) * gamma);
    float deviation = (float) (random.nextDouble() * noise);
    float[] tone = Tones.of(gain, power);
    for (int i = from; i < to; i++) {
      values[i] = tone[Math.round(values[i] * Tones.LEVELS)];
    }
    if (deviation > 0) {
      addNoise(values, from, to, deviation, random);
    }
    for (int i = from; i < to; i++) {
      values[i] = Math.max(0, Math.min(1, values[i]));
    }
  }

  private static void addNoise(
      float[] values, int from, int to, float deviation, SplittableRandom random) {
    long bits = 0;
    for (int i = from; i < to; i++) {
      if ((i - from) % Normal.DRAWS_A_LONG == 0) {
        bits = random.nextLong();
      }
      values[i] += deviation * Normal.QUANTILES[(int) bits & (Normal.SIZE - 1)];
      bits >>>= Normal.BITS;
    }
  }

  /** Pixels are bytes, so a tone curve is a table of 256. */
  private static final class Tones {
    static final int LEVELS = 255;

    static float[] of(double gain, double power) {
      float[] tone = new float[LEVELS + 1];
      for (int i = 0; i <= LEVELS; i++) {
        tone[i] = (float) (gain * Math.pow((double) i / LEVELS, power));
      }
      return tone;
    }
  }

  /** Standard normal quantiles at the middles of 4096 equal shares: noise at a look-up a value. */
  private static final class Normal {
    static final int BITS = 12;
    static final int SIZE = 1 << BITS;
    static final int DRAWS_A_LONG = Long.SIZE / BITS;
    static final float[] QUANTILES = new float[SIZE];

    static {
      NormalDistribution normal = new NormalDistribution(0, 1);
      for (int i = 0; i < SIZE; i++) {
        QUANTILES[i] = (float) normal.inverseCumulativeProbability((i + 0.5) / SIZE);
      }
    }
  }
}
