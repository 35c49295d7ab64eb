package stillhouse.decoder;

/**
 * Where embeddings lie. Tensors do not depend on it.
 *
 * @param height rows of cells
 * @param width columns
 * @param stride pixels of the input that one cell covers along each side
 * @param madeFor whose half pixel is added to the places of prompts
 */
public record PromptGrid(int height, int width, int stride, PromptInput madeFor) {
  public PromptGrid {
    requireSome(height, width, stride);
  }

  /** Of weights that are made for this very input. */
  public PromptGrid(int height, int width, int stride) {
    this(height, width, stride, own(height, width, stride));
  }

  private static PromptInput own(int height, int width, int stride) {
    requireSome(height, width, stride);
    return new PromptInput(height * stride, width * stride);
  }

  private static void requireSome(int height, int width, int stride) {
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

  /** The same of weights that were made for another input. */
  public PromptGrid with(PromptInput other) {
    return new PromptGrid(height, width, stride, other);
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
