package stillhouse.data;

import java.awt.image.IndexColorModel;
import java.awt.image.Raster;

/**
 * Decoded samples as 8-bit RGB: gray is repeated, a palette looked up, alpha dropped. Samples of b
 * bits become round(v · 255 / (2^b − 1)). Inks are multiplied, as Pillow does it: R = (255 − C)(255
 * − K) / 255, rounded. No colour profile is applied.
 */
final class Colours {
  private Colours() {}

  static RgbImage rgb(Decoder.Samples samples, Container container) {
    Raster raster = samples.raster();
    byte[] rgb = new byte[3 * raster.getWidth() * raster.getHeight()];
    if (samples.palette().isPresent()) {
      lookUp(raster, samples.palette().get(), rgb);
    } else if (container.isCmyk()) {
      multiply(raster, container, rgb);
    } else {
      copy(raster, rgb);
    }
    return new RgbImage(raster.getWidth(), raster.getHeight(), rgb);
  }

  private static void lookUp(Raster raster, IndexColorModel palette, byte[] rgb) {
    int[] row = new int[raster.getWidth()];
    for (int y = 0, o = 0; y < raster.getHeight(); y++) {
      raster.getPixels(0, y, row.length, 1, row);
      for (int index : row) {
        rgb[o++] = (byte) palette.getRed(index);
        rgb[o++] = (byte) palette.getGreen(index);
        rgb[o++] = (byte) palette.getBlue(index);
      }
    }
  }

  private static void copy(Raster raster, byte[] rgb) {
    int bands = raster.getNumBands();
    boolean gray = bands < 3; // the second of two, the fourth of four is alpha
    int[] most = most(raster);
    int[] row = new int[raster.getWidth() * bands];
    for (int y = 0, o = 0; y < raster.getHeight(); y++) {
      raster.getPixels(0, y, raster.getWidth(), 1, row);
      for (int i = 0; i < row.length; i += bands) {
        for (int c = 0; c < 3; c++) {
          int band = gray ? 0 : c;
          int sample = row[i + band];
          rgb[o++] = (byte) (most[band] == 255 ? sample : scaled(sample, most[band]));
        }
      }
    }
  }

  /** The largest value of each band's samples. */
  private static int[] most(Raster raster) {
    int[] most = raster.getSampleModel().getSampleSize();
    for (int b = 0; b < most.length; b++) {
      most[b] = (1 << most[b]) - 1;
    }
    return most;
  }

  private static int scaled(int sample, int most) {
    return (sample * 255 + most / 2) / most;
  }

  /** A JPEG's inks are stored inverted (Adobe's convention), a TIFF's are not. */
  private static void multiply(Raster raster, Container container, byte[] rgb) {
    boolean inverted = container.format() == Container.Format.JPEG;
    boolean luma = inverted && container.colour() == Container.JPEG_YCCK;
    int bands = raster.getNumBands();
    int most = most(raster)[0];
    int[] row = new int[raster.getWidth() * bands];
    for (int y = 0, o = 0; y < raster.getHeight(); y++) {
      raster.getPixels(0, y, raster.getWidth(), 1, row);
      for (int i = 0; i < row.length; i += bands) {
        if (luma) {
          inks(row, i);
        }
        int black = paper(row[i + 3], most, inverted);
        for (int c = 0; c < 3; c++) {
          rgb[o++] = (byte) ((paper(row[i + c], most, inverted) * black + 127) / 255);
        }
      }
    }
  }

  /** How much light an ink lets through, 0…255. */
  private static int paper(int sample, int most, boolean inverted) {
    int scaled = scaled(sample, most);
    return inverted ? scaled : 255 - scaled;
  }

  /** Luma and chroma at {@code i} to three inks, by JFIF's matrix: ink = 255 − colour. */
  private static void inks(int[] row, int i) {
    int luma = row[i];
    double blue = row[i + 1] - 128;
    double red = row[i + 2] - 128;
    row[i] = ink(luma + 1.402 * red);
    row[i + 1] = ink(luma - 0.344136 * blue - 0.714136 * red);
    row[i + 2] = ink(luma + 1.772 * blue);
  }

  private static int ink(double colour) {
    return 255 - Math.max(0, Math.min(255, (int) Math.round(colour)));
  }
}
