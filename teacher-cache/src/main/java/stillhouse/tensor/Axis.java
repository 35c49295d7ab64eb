package stillhouse.tensor;

/**
 * One axis of a bilinear resize with half-pixel centres and clamped borders: output cell i reads
 * source position (i + ½)·in/out − ½, which is {@code first[i]} and {@code second[i]}, the latter
 * with weight {@code share[i]}. For {@link Resize#bilinear} and kernels that fuse it with what
 * follows. The arrays are not written to again.
 */
public final class Axis {
  public final int[] first;
  public final int[] second;
  public final float[] share;

  /**
   * @param in source cells
   * @param out output cells
   */
  public Axis(int in, int out) {
    this(in, in, out);
  }

  /**
   * @param in source cells
   * @param covered of them, from the first one on, what the output spans; may end within a cell
   * @param out output cells
   */
  Axis(int in, double covered, int out) {
    first = new int[out];
    second = new int[out];
    share = new float[out];
    double scale = covered / out;
    for (int i = 0; i < out; i++) {
      double position = Math.max(0, (i + 0.5) * scale - 0.5);
      first[i] = Math.min((int) position, in - 1);
      second[i] = Math.min(first[i] + 1, in - 1);
      share[i] = (float) (position - first[i]);
    }
  }
}
