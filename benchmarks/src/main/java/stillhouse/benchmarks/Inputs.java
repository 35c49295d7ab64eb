package stillhouse.benchmarks;

import java.util.SplittableRandom;
import stillhouse.data.ClassMask;
import stillhouse.tensor.FloatTensor;

/** What the benchmarks read, drawn from a seed. */
final class Inputs {
  private static final int CELL = 32; // pixels a side of a mask's patches

  private Inputs() {}

  /** Features [channels, side, side], uniform in [−1, 1): any value is within fp16. */
  static FloatTensor features(int channels, int side, long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    float[] values = new float[channels * side * side];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) (2 * random.nextDouble() - 1);
    }
    return new FloatTensor(new int[] {channels, side, side}, values);
  }

  /** A mask [side, side] of square patches, half of them background, the others of a class each. */
  static ClassMask mask(int side, int classes, long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    int cells = (side + CELL - 1) / CELL;
    byte[] patches = new byte[cells * cells];
    for (int i = 0; i < patches.length; i++) {
      patches[i] = (byte) (random.nextBoolean() ? 0 : 1 + random.nextInt(classes));
    }
    byte[] labels = new byte[side * side];
    for (int y = 0; y < side; y++) {
      for (int x = 0; x < side; x++) {
        labels[y * side + x] = patches[(y / CELL) * cells + x / CELL];
      }
    }
    return new ClassMask(side, side, labels);
  }
}
