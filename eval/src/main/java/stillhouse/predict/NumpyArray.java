package stillhouse.predict;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import stillhouse.data.ClassMask;
import stillhouse.data.UnreadableImageException;
import stillhouse.tensor.FloatTensor;

/**
 * An array as NumPy's {@code save} writes it, C order, of booleans, integers or floats,
 * little-endian. Source: the format's own description, numpy.lib.format, versions 1 to 3.
 */
final class NumpyArray {
  private static final byte[] MAGIC = {(byte) 0x93, 'N', 'U', 'M', 'P', 'Y'};
  private static final Pattern HEADER =
      Pattern.compile(
          "\\{\\s*'descr'\\s*:\\s*'([^']*)'\\s*,\\s*'fortran_order'\\s*:\\s*(True|False)\\s*,"
              + "\\s*'shape'\\s*:\\s*\\(([0-9,\\s]*)\\)\\s*,?\\s*\\}\\s*");

  /** What an element is: NumPy's kind and its bytes. */
  private record Type(char kind, int bytes) {
    static Type of(String descr) {
      boolean known = descr.matches("\\|[biu]1|<[iu][248]|<f[48]");
      if (!known) {
        throw refused(
            "type "
                + descr
                + " (must be bool, an integer, float32 or float64, little-endian:"
                + " array.astype('<f4'))");
      }
      return new Type(descr.charAt(1), descr.charAt(2) - '0');
    }

    boolean isFloat() {
      return kind == 'f';
    }

    /** Of a float what a float32 holds of it. */
    double read(ByteBuffer data) {
      return switch (bytes) {
        case 1 -> kind == 'i' ? data.get() : data.get() & 0xff;
        case 2 -> kind == 'i' ? data.getShort() : data.getShort() & 0xffff;
        case 4 ->
            isFloat() ? data.getFloat() : kind == 'i' ? data.getInt() : data.getInt() & 0xffffffffL;
        default -> isFloat() ? data.getDouble() : data.getLong();
      };
    }
  }

  private final Type type;
  private final int[] shape;
  private final ByteBuffer data;

  private NumpyArray(Type type, int[] shape, ByteBuffer data) {
    this.type = type;
    this.shape = shape;
    this.data = data;
  }

  /**
   * @throws UnreadableImageException where it is no such array, or its bytes are not of its shape
   */
  static NumpyArray of(byte[] file) {
    try {
      return parsed(ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN));
    } catch (BufferUnderflowException e) {
      throw new UnreadableImageException("mask-npy", "the file ends within its header", e);
    }
  }

  private static NumpyArray parsed(ByteBuffer file) {
    byte[] magic = new byte[MAGIC.length];
    file.get(magic);
    int version = file.get();
    file.get(); // the minor version
    if (!Arrays.equals(magic, MAGIC) || version < 1 || version > 3) {
      throw refused("not written by numpy.save");
    }
    int length = version == 1 ? file.getShort() & 0xffff : file.getInt();
    if (length < 0 || length > file.remaining()) {
      throw refused(
          "a header of " + length + " bytes in a file with " + file.remaining() + " left");
    }
    byte[] text = new byte[length];
    file.get(text);
    Matcher header = HEADER.matcher(new String(text, ISO_8859_1));
    if (!header.matches()) {
      throw refused("header " + new String(text, ISO_8859_1).trim());
    }
    if (header.group(2).equals("True")) {
      throw refused("fortran_order (write numpy.ascontiguousarray(array))");
    }
    Type type = Type.of(header.group(1));
    int[] shape = shape(header.group(3));
    long bytes = Arrays.stream(shape).asLongStream().reduce(type.bytes(), Math::multiplyExact);
    if (bytes != file.remaining()) {
      throw refused(
          "%d bytes of data, shape %s needs %d"
              .formatted(file.remaining(), Arrays.toString(shape), bytes));
    }
    return new NumpyArray(type, shape, file);
  }

  private static int[] shape(String text) {
    try {
      return Arrays.stream(text.split(","))
          .map(String::trim)
          .filter(side -> !side.isEmpty())
          .mapToInt(Integer::parseInt)
          .toArray();
    } catch (NumberFormatException e) {
      throw new UnreadableImageException("mask-npy", "shape (" + text + ")", e);
    }
  }

  /**
   * The classes of integers or booleans [height, width]; of floats [K, h, w] those that {@link
   * Masks#fromLogits} gives.
   *
   * @param classes K
   */
  ClassMask mask(int width, int height, int classes) {
    if (type.isFloat()) {
      return Masks.fromLogits(logits(classes), width, height);
    }
    if (shape.length != 2) {
      throw refused("integers of shape " + Arrays.toString(shape) + " (must be [height, width])");
    }
    byte[] labels = new byte[shape[0] * shape[1]];
    for (int i = 0; i < labels.length; i++) {
      double value = type.read(data);
      if (value < 0 || value > classes) {
        throw PredictedMask.notAClass((long) value, i % shape[1], i / shape[1], classes);
      }
      labels[i] = (byte) value;
    }
    return new ClassMask(shape[1], shape[0], labels);
  }

  private FloatTensor logits(int classes) {
    if (shape.length != 3 || shape[0] != classes || shape[1] < 1 || shape[2] < 1) {
      throw refused(
          "floats of shape %s (logits must be [%d, h, w]; class maps are of integers)"
              .formatted(Arrays.toString(shape), classes));
    }
    float[] values = new float[shape[0] * shape[1] * shape[2]];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) type.read(data);
    }
    return new FloatTensor(shape, values);
  }

  private static UnreadableImageException refused(String what) {
    return new UnreadableImageException("mask-npy", "NumPy array: " + what);
  }
}
