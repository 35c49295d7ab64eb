package stillhouse.tensor;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * NumPy's .npy format, version 1.0, of one kind: fp32 matrices, little-endian, row-major. A magic
 * of six bytes, two of version, two of the header's length, and a header of ASCII, padded so that
 * the numbers begin at a multiple of 64.
 */
public final class NpyFile {
  private static final byte[] MAGIC = {(byte) 0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0};
  private static final int BEFORE = MAGIC.length + Short.BYTES;
  private static final int ALIGNMENT = 64;

  private NpyFile() {}

  /**
   * @param rows of one length, at least one
   */
  public static byte[] of(float[][] rows) {
    byte[] header = header(rows.length, rows[0].length);
    ByteBuffer out =
        ByteBuffer.allocate(header.length + rows.length * rows[0].length * Float.BYTES)
            .order(ByteOrder.LITTLE_ENDIAN)
            .put(header);
    for (float[] row : rows) {
      for (float value : row) {
        out.putFloat(value);
      }
    }
    return out.array();
  }

  /**
   * @throws IllegalArgumentException where the file is not of this kind and size
   */
  public static float[][] rows(byte[] file, int rows, int columns) {
    byte[] header = header(rows, columns);
    long expected = header.length + (long) rows * columns * Float.BYTES;
    if (file.length != expected || !Arrays.equals(header, Arrays.copyOf(file, header.length))) {
      throw new IllegalArgumentException(
          "Cannot read .npy file of %d bytes: fp32 [%d, %d], row-major, takes %d and the header %s"
              .formatted(
                  file.length,
                  rows,
                  columns,
                  expected,
                  new String(header, BEFORE, header.length - BEFORE, StandardCharsets.US_ASCII)
                      .strip()));
    }
    float[][] values = new float[rows][columns];
    ByteBuffer in = ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN).position(header.length);
    for (float[] row : values) {
      in.asFloatBuffer().get(row);
      in.position(in.position() + columns * Float.BYTES);
    }
    return values;
  }

  private static byte[] header(int rows, int columns) {
    String dictionary =
        "{'descr': '<f4', 'fortran_order': False, 'shape': (%d, %d), }".formatted(rows, columns);
    int padded = (BEFORE + dictionary.length() + 1 + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    byte[] header = new byte[padded];
    Arrays.fill(header, (byte) ' ');
    byte[] text = dictionary.getBytes(StandardCharsets.US_ASCII);
    ByteBuffer.wrap(header)
        .order(ByteOrder.LITTLE_ENDIAN)
        .put(MAGIC)
        .putShort((short) (padded - BEFORE))
        .put(text);
    header[padded - 1] = '\n';
    return header;
  }
}
