package stillhouse.report;

import java.awt.image.BufferedImage;
import stillhouse.tensor.FloatTensor;

/** A map of numbers as a picture: dark violet is the smallest, yellow the largest (viridis). */
public final class Heatmap {
  private Heatmap() {}

  /**
   * @param map [h, w] or [1, h, w]; its own minimum and maximum span the colours, and a constant
   *     map is dark throughout
   * @param cellPixels side of a cell's square
   */
  public static byte[] png(FloatTensor map, int cellPixels) {
    return Png.of(picture(map, cellPixels));
  }

  /** The picture of {@link #png}, for a panel of a {@link ContactSheet}. */
  public static BufferedImage picture(FloatTensor map, int cellPixels) {
    int leading = map.rank() - 2;
    if (leading < 0 || leading > 1 || (leading == 1 && map.dim(0) != 1) || cellPixels < 1) {
      throw new IllegalArgumentException(
          "Invalid heat map: %s at %d pixels a cell (must be [h, w] or [1, h, w] at ≥ 1)"
              .formatted(map, cellPixels));
    }
    int height = map.dim(leading);
    int width = map.dim(leading + 1);
    float[] values = map.data();
    float low = Float.POSITIVE_INFINITY;
    float high = Float.NEGATIVE_INFINITY;
    for (float value : values) {
      low = Math.min(low, value);
      high = Math.max(high, value);
    }
    if (!Float.isFinite(low) || !Float.isFinite(high)) {
      throw new IllegalArgumentException(
          "Invalid heat map: " + map + " spans " + low + " to " + high + " (must be finite)");
    }
    double span = high > low ? (double) high - low : 1;
    var picture =
        new BufferedImage(width * cellPixels, height * cellPixels, BufferedImage.TYPE_INT_RGB);
    for (int y = 0; y < picture.getHeight(); y++) {
      for (int x = 0; x < picture.getWidth(); x++) {
        float value = values[y / cellPixels * width + x / cellPixels];
        picture.setRGB(x, y, Palette.viridis((value - low) / span));
      }
    }
    return picture;
  }
}
