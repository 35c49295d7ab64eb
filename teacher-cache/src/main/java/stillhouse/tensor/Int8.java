package stillhouse.tensor;

/**
 * Affine 8-bit quantisation, a scale s and a zero point z a channel (axis 0):
 *
 * <pre>
 *   s = max((max x − min x) / 254, max |x| / 2^23)    z = −128 − round(min x / s)
 *   q = round(x / s) + z                              x̂ = (q − z) · s
 * </pre>
 *
 * <p>254 steps in place of 255: however the ends round, q lies within −128…127, nothing is clipped
 * and |x̂ − x| ≤ s/2, but for x̂'s own rounding to a float. x̂ is a whole multiple of s, so a zero
 * stays exactly zero. The second bound of s is the float's own resolution: of a channel that hardly
 * varies around a large mean, q − z fits a float's 24 bits. Ties round upwards: ⌊x / s + ½⌋.
 *
 * @param scale [C], > 0
 * @param zeroPoint [C]; may lie outside a byte where the channel's range does not hold 0
 * @param data [C, …] row-major, a byte an element
 */
record Int8(float[] scale, int[] zeroPoint, byte[] data) {
  /** Part of the keys of what is stored so: raise it with any change of the formula. */
  static final int VERSION = 1;

  private static final int STEPS = 254;
  private static final float RESOLUTION = 0x1p-23f;
  private static final float MAX = 1e38f; // x̂ must not pass a float's range

  /**
   * @param values [C, …] row-major
   * @throws IllegalArgumentException where a value is not finite and within ±1e38, naming it
   */
  static Int8 encode(float[] values, int channels) {
    int cells = channels == 0 ? 0 : values.length / channels;
    float[] scale = new float[channels];
    int[] zeroPoint = new int[channels];
    byte[] data = new byte[values.length];
    for (int c = 0; c < channels; c++) {
      int from = c * cells;
      int to = from + cells;
      float min = Float.POSITIVE_INFINITY;
      float max = Float.NEGATIVE_INFINITY;
      for (int i = from; i < to; i++) {
        requireInRange(values[i], i);
        min = Math.min(min, values[i]);
        max = Math.max(max, values[i]);
      }
      scale[c] = scale(min, max);
      double steps = 1.0 / scale[c];
      zeroPoint[c] = Byte.MIN_VALUE - round(min * steps);
      for (int i = from; i < to; i++) {
        data[i] = (byte) (round(values[i] * steps) + zeroPoint[c]);
      }
    }
    return new Int8(scale, zeroPoint, data);
  }

  /** x̂, as floats. */
  float[] decode() {
    float[] values = new float[data.length];
    int cells = scale.length == 0 ? 0 : data.length / scale.length;
    for (int c = 0, i = 0; c < scale.length; c++) {
      float step = scale[c];
      int zero = zeroPoint[c];
      for (int end = i + cells; i < end; i++) {
        values[i] = (data[i] - zero) * step;
      }
    }
    return values;
  }

  private static float scale(float min, float max) {
    if (min > max) { // no cells
      return 1;
    }
    float most = Math.max(Math.abs(min), Math.abs(max));
    float range = (float) (((double) max - min) / STEPS);
    return Math.max(Math.max(range, most * RESOLUTION), Float.MIN_NORMAL);
  }

  private static int round(double x) {
    return (int) Math.floor(x + 0.5);
  }

  private static void requireInRange(float value, int index) {
    if (!(Math.abs(value) <= MAX)) { // NaN too
      throw new IllegalArgumentException(
          "Invalid value for int8: "
              + value
              + " at element "
              + index
              + " (must be finite and within ±1e38)");
    }
  }
}
