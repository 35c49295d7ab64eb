package stillhouse.student;

import ai.djl.modality.cv.Image.Interpolation;
import ai.djl.ndarray.NDArray;
import java.util.List;
import stillhouse.onnx.OnnxAttributes;
import stillhouse.onnx.OnnxGraph;

/**
 * Bilinear resampling with half-pixel centres and clamped borders of [B, C, inHeight, inWidth], as
 * {@code F.interpolate(mode="bilinear", align_corners=False)} does. Onto a grid at least as fine
 * only: below it, the engine's kernel is the antialiased one, which ONNX and the cache's own resize
 * are not.
 */
public record BilinearResize(int inHeight, int inWidth, int height, int width) implements Layer {
  public BilinearResize {
    if (height < inHeight || width < inWidth) {
      throw new IllegalArgumentException(
          "Invalid resize: "
              + inHeight
              + "×"
              + inWidth
              + " to the coarser "
              + height
              + "×"
              + width
              + " (use a strided convolution)");
    }
  }

  public static BilinearResize by(int factor, int inHeight, int inWidth) {
    return new BilinearResize(inHeight, inWidth, inHeight * factor, inWidth * factor);
  }

  @Override
  public NDArray forward(NDArray x, boolean training) {
    return x.getNDArrayInternal()
        .interpolation(new long[] {height, width}, Interpolation.BILINEAR.ordinal(), false);
  }

  @Override
  public String export(OnnxGraph graph, String input) {
    float[] factors = {1, 1, factor(inHeight, height), factor(inWidth, width)};
    String scales = graph.constant("scales", factors, 4);
    return graph.node(
        "Resize",
        List.of(input, "", scales),
        OnnxAttributes.text("mode", "linear"),
        OnnxAttributes.text("coordinate_transformation_mode", "half_pixel"));
  }

  /** The scale whose product with {@code in}, rounded down as ONNX does, is {@code out}. */
  private static float factor(int in, int out) {
    float factor = (float) out / in;
    return (int) (in * factor) < out ? Math.nextUp(factor) : factor;
  }
}
