package stillhouse.decoder;

/**
 * Where embeddings lie: their rows and columns, and the input pixels that one cell covers along
 * each side. Tensors do not depend on it.
 */
public record PromptGrid(int height, int width, int stride) {
  public PromptGrid {
    if (height < 1 || width < 1 || stride < 1) {
      throw new IllegalArgumentException(
          "Invalid embedding grid: "
              + height
              + "×"
              + width
              + " at stride "
              + stride
              + " (all must be at least 1)");
    }
  }

  int cells() {
    return height * width;
  }

  /** Pixels of the input that the grid covers. */
  public int inputHeight() {
    return height * stride;
  }

  public int inputWidth() {
    return width * stride;
  }
}
