package stillhouse.cache;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.ShortBuffer;

/** IEEE 754 binary16 in little-endian bytes: how a view stores what is read most. */
public final class Fp16 {
  /** The largest finite value. */
  public static final float MAX = 65504f;

  // Every half decoded once: 256 KiB, and decoding becomes a look-up.
  private static final float[] VALUES = values();

  private Fp16() {}

  /** Rounds to nearest, ties to even; what is past {@link #MAX} by rounding becomes infinite. */
  public static byte[] encode(float[] values) {
    byte[] bytes = new byte[Math.multiplyExact(values.length, Short.BYTES)];
    ShortBuffer out = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).asShortBuffer();
    for (float value : values) {
      out.put(toHalf(value));
    }
    return bytes;
  }

  public static float[] decode(byte[] bytes) {
    float[] values = new float[bytes.length / Short.BYTES];
    decode(bytes, values, 0);
    return values;
  }

  /** Decodes all of {@code bytes} into {@code out} from index {@code at} on. */
  public static void decode(byte[] bytes, float[] out, int at) {
    for (int i = 0; i + 1 < bytes.length; i += 2) {
      out[at + (i >> 1)] = VALUES[(bytes[i] & 0xff) | (bytes[i + 1] & 0xff) << 8];
    }
  }

  static short toHalf(float value) {
    int bits = Float.floatToRawIntBits(value);
    int sign = (bits >>> 16) & 0x8000;
    int magnitude = bits & 0x7fffffff;
    if (magnitude > 0x7f800000) {
      return (short) (sign | 0x7e00); // NaN
    }
    if (magnitude >= 0x47800000) {
      return (short) (sign | 0x7c00); // 65536 and beyond
    }
    if (magnitude < 0x38800000) {
      // Below 2^-14 a half is a multiple of 2^-24: rint is the rounding, ties to even.
      return (short) (sign | (int) Math.rint(Float.intBitsToFloat(magnitude) * 0x1p24));
    }
    // Rebias the exponent, then round 13 bits away; a carry runs into the exponent as it should.
    int rebiased = magnitude - (112 << 23);
    return (short) (sign | (rebiased + 0xfff + ((rebiased >>> 13) & 1)) >>> 13);
  }

  private static float[] values() {
    float[] values = new float[1 << 16];
    for (int h = 0; h < values.length; h++) {
      int exponent = (h >> 10) & 0x1f;
      int fraction = h & 0x3ff;
      double magnitude =
          switch (exponent) {
            case 0 -> fraction * 0x1p-24;
            case 0x1f -> fraction == 0 ? Double.POSITIVE_INFINITY : Double.NaN;
            default -> (0x400 | fraction) * Math.scalb(1.0, exponent - 25);
          };
      values[h] = (float) ((h & 0x8000) == 0 ? magnitude : -magnitude);
    }
    return values;
  }
}
