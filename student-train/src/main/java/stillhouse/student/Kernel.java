package stillhouse.student;

/**
 * The geometry of a 2-D convolution with a square kernel and zero padding dilation·(size − 1)/2, so
 * that stride 1 keeps the grid and stride 2 halves an even one. One as wide as its stride lies on
 * patches side by side, without padding.
 */
public record Kernel(int in, int out, int size, int stride, int dilation, int groups) {
  public Kernel {
    if (size % 2 == 0 && size != stride || in % groups != 0 || out % groups != 0) {
      throw new IllegalArgumentException(
          "Invalid convolution: "
              + in
              + " to "
              + out
              + " channels, kernel "
              + size
              + ", groups "
              + groups
              + " (the kernel must be odd or as wide as its stride, the groups divide both)");
    }
  }

  public static Kernel of(int in, int out, int size) {
    return new Kernel(in, out, size, 1, 1, 1);
  }

  static Kernel strided(int in, int out, int size, int stride) {
    return new Kernel(in, out, size, stride, 1, 1);
  }

  /** Cells of {@code side}×{@code side}, each on its own. */
  public static Kernel patches(int in, int out, int side) {
    return new Kernel(in, out, side, side, 1, 1);
  }

  static Kernel depthwise(int channels, int size, int stride) {
    return new Kernel(channels, channels, size, stride, 1, channels);
  }

  long padding() {
    return size == stride ? 0 : (long) dilation * (size - 1) / 2;
  }

  /** Inputs that one output value sees. */
  long fanIn() {
    return (long) in / groups * size * size;
  }

  long[] weightShape() {
    return new long[] {out, in / groups, size, size};
  }
}
