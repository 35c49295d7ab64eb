package stillhouse.tensor;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/**
 * IEEE 754 binary16, rounded half to even. One sign bit, five of exponent (bias 15), ten of
 * mantissa; subnormals, infinities and NaN are kept.
 */
public final class Half {
  /** The largest finite half. */
  public static final float MAX = 65504f;

  private static final VarHandle SHORTS =
      MethodHandles.byteArrayViewVarHandle(short[].class, ByteOrder.LITTLE_ENDIAN);

  private static final int FIRST_INFINITE = 0x47800000; // 2^16
  private static final int FIRST_NORMAL = 0x38800000; // 2^-14
  private static final float SUBNORMAL_UNIT = 0x1p-24f;

  // Every half decoded once: 256 KiB, and decoding an array becomes a look-up.
  private static final float[] VALUES = values();

  private Half() {}

  /** The nearest half; from 65520 upwards that is infinity. */
  public static short fromFloat(float value) {
    int bits = Float.floatToRawIntBits(value);
    int sign = (bits >>> 16) & 0x8000;
    int magnitude = bits & 0x7fffffff;
    if (magnitude >= FIRST_INFINITE) {
      return (short) (sign | (magnitude > 0x7f800000 ? nan(magnitude) : 0x7c00));
    }
    if (magnitude < FIRST_NORMAL) {
      // The last bit of 0.5f weighs 2^-24, a half's smallest step: the addition rounds to it.
      int sum = Float.floatToRawIntBits(Float.intBitsToFloat(magnitude) + 0.5f);
      return (short) (sign | (sum - 0x3f000000));
    }
    int odd = (magnitude >>> 13) & 1;
    int rounded = magnitude - (112 << 23) + 0xfff + odd; // 112: the difference of the biases
    return (short) (sign | (rounded >>> 13));
  }

  /** Exact: every half is a float. */
  public static float toFloat(short half) {
    int sign = (half & 0x8000) << 16;
    int exponent = (half >>> 10) & 0x1f;
    int mantissa = half & 0x3ff;
    if (exponent == 0) {
      float magnitude = mantissa * SUBNORMAL_UNIT;
      return Float.intBitsToFloat(sign | Float.floatToRawIntBits(magnitude));
    }
    int wide = exponent == 0x1f ? 0xff : exponent + 112;
    return Float.intBitsToFloat(sign | (wide << 23) | (mantissa << 13));
  }

  /**
   * The values as halves, little-endian, two bytes each.
   *
   * @throws IllegalArgumentException where a value lies beyond ±65504
   */
  public static byte[] encode(float[] values) {
    byte[] bytes = new byte[Math.multiplyExact(values.length, Short.BYTES)];
    for (int i = 0; i < values.length; i++) {
      if (!(Math.abs(values[i]) <= MAX)) { // NaN too
        throw new IllegalArgumentException(
            "Invalid value for fp16: "
                + values[i]
                + " at element "
                + i
                + " (must be finite and within ±65504)");
      }
      SHORTS.set(bytes, i * Short.BYTES, fromFloat(values[i]));
    }
    return bytes;
  }

  /** The halves of {@link #encode} as floats. */
  public static float[] decode(byte[] bytes) {
    float[] values = new float[bytes.length / Short.BYTES];
    decode(bytes, values, 0);
    return values;
  }

  /** Decodes all of {@code bytes} into {@code out} from index {@code at} on. */
  public static void decode(byte[] bytes, float[] out, int at) {
    for (int i = 0; i + 1 < bytes.length; i += Short.BYTES) {
      out[at + (i >> 1)] = VALUES[(bytes[i] & 0xff) | (bytes[i + 1] & 0xff) << 8];
    }
  }

  /** Keeps the upper payload bits, and the quiet bit so that the mantissa is never 0. */
  private static int nan(int magnitude) {
    return 0x7e00 | ((magnitude >>> 13) & 0x3ff);
  }

  private static float[] values() {
    float[] values = new float[1 << Short.SIZE];
    for (int bits = 0; bits < values.length; bits++) {
      values[bits] = toFloat((short) bits);
    }
    return values;
  }
}
