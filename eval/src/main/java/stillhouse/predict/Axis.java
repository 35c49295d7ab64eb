package stillhouse.predict;

/**
 * One axis of a bilinear resize with half-pixel centres and clamped borders: output cell i reads
 * {@code first[i]} and {@code second[i]}, the latter with weight {@code share[i]}. The arithmetic
 * of {@link stillhouse.tensor.Resize#bilinear}, for kernels that fuse the resize with what follows.
 */
final class Axis {
  final int[] first;
  final int[] second;
  final float[] share;

  Axis(int in, int out) {
    first = new int[out];
    second = new int[out];
    share = new float[out];
    double scale = (double) in / out;
    for (int i = 0; i < out; i++) {
      double position = Math.max(0, (i + 0.5) * scale - 0.5);
      first[i] = Math.min((int) position, in - 1);
      second[i] = Math.min(first[i] + 1, in - 1);
      share[i] = (float) (position - first[i]);
    }
  }
}
