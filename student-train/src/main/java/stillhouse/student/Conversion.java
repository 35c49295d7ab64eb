package stillhouse.student;

import java.util.Arrays;
import java.util.List;

/** How a tensor of a file becomes one of the student. */
enum Conversion {
  /** As it is. */
  SAME {
    @Override
    boolean fits(List<Integer> source, long[] shape) {
      return Arrays.equals(longs(source), shape);
    }

    @Override
    float[] apply(float[] values, long[] shape) {
      return values;
    }
  },
  /** A convolution's kernel, [out, in, s, s], as a linear layer's weights, [out, in·s²]. */
  KERNEL {
    @Override
    boolean fits(List<Integer> source, long[] shape) {
      long[] sides = longs(source);
      return sides.length == 4
          && sides[0] == shape[0]
          && sides[1] * sides[2] * sides[3] == shape[1];
    }

    @Override
    float[] apply(float[] values, long[] shape) {
      return values;
    }
  },
  /** Biases by distance, [heads, s²], perhaps of windows of another side. */
  DISTANCES {
    @Override
    boolean fits(List<Integer> source, long[] shape) {
      return source.size() == 2 && source.get(0) == shape[0] && BiasTables.isSquare(source.get(1));
    }

    @Override
    float[] apply(float[] values, long[] shape) {
      return BiasTables.distances(values, (int) shape[0], BiasTables.exactRoot((int) shape[1]));
    }
  },
  /** Biases by offset, [(2s − 1)², heads], perhaps of windows of another side. */
  OFFSETS {
    @Override
    boolean fits(List<Integer> source, long[] shape) {
      return source.size() == 2
          && source.get(1) == shape[0]
          && BiasTables.isSquare(source.get(0))
          && source.get(0) % 2 == 1;
    }

    @Override
    float[] apply(float[] values, long[] shape) {
      return BiasTables.offsets(values, (int) shape[0], BiasTables.exactRoot((int) shape[1]));
    }
  };

  /**
   * @param source shape of the file's tensor
   * @param shape of the student's
   */
  abstract boolean fits(List<Integer> source, long[] shape);

  /** The student's values, row-major, of those of a file's tensor that fits. */
  abstract float[] apply(float[] values, long[] shape);

  private static long[] longs(List<Integer> sides) {
    return sides.stream().mapToLong(Integer::longValue).toArray();
  }
}
