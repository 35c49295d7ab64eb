package stillhouse.tensor;

import java.util.Arrays;

/**
 * A dense row-major float tensor. The array is shared, not copied: its owner does not write to it
 * again.
 */
public final class FloatTensor {
  private final int[] shape;
  private final float[] data;

  /**
   * @throws IllegalArgumentException where the shape does not hold {@code data.length} elements
   */
  public FloatTensor(int[] shape, float[] data) {
    long size = 1;
    for (int d : shape) {
      size *= d;
    }
    if (size != data.length) {
      throw new IllegalArgumentException(
          "Invalid tensor: shape "
              + Arrays.toString(shape)
              + " holds "
              + size
              + ", data "
              + data.length);
    }
    this.shape = shape.clone();
    this.data = data;
  }

  public int[] shape() {
    return shape.clone();
  }

  public int dim(int axis) {
    return shape[axis];
  }

  public int rank() {
    return shape.length;
  }

  /** The elements themselves, not a copy. */
  public float[] data() {
    return data;
  }

  /** Whether no element is an infinity or no number. */
  public boolean isFinite() {
    boolean finite = true;
    for (float value : data) {
      finite &= Float.isFinite(value);
    }
    return finite;
  }

  @Override
  public String toString() {
    return "FloatTensor" + Arrays.toString(shape);
  }
}
