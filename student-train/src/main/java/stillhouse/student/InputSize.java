package stillhouse.student;

import ai.djl.ndarray.NDArray;

/** What a student is made for: the sides of its input and its number of foreground classes. */
record InputSize(int height, int width, int classes) {
  /** The coarsest stride that any student has. */
  static final int MULTIPLE = 32;

  InputSize {
    if (height < MULTIPLE || width < MULTIPLE || height % MULTIPLE + width % MULTIPLE != 0) {
      throw new IllegalArgumentException(
          "Invalid student input: "
              + height
              + "×"
              + width
              + " (both sides must be multiples of "
              + MULTIPLE
              + ")");
    }
    if (classes < 1 || classes > 254) {
      throw new IllegalArgumentException(
          "Invalid number of classes: " + classes + " (must be 1 to 254: 0 and 255 are taken)");
    }
  }

  /** Refuses images of another size. */
  void requireFit(NDArray image) {
    long[] shape = image.getShape().getShape();
    if (shape.length != 4 || shape[1] != 3 || shape[2] != height || shape[3] != width) {
      throw new IllegalArgumentException(
          "Invalid image batch: "
              + image.getShape()
              + " (this student was made for [B, 3, "
              + height
              + ", "
              + width
              + "])");
    }
  }

  /** The sides of a map. */
  record Grid(int height, int width) {}

  Grid atStride(int stride) {
    return new Grid(height / stride, width / stride);
  }
}
