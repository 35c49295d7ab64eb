package stillhouse.teacher;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import stillhouse.data.RgbImage;

/**
 * How much each place of an image differs from its surroundings, without labels or learning: the
 * centre-surround contrast of Itti, Koch and Niebur (1998) on box windows.
 *
 * <p>Channels (of 0…255): brightness (R + G + B) / 3, red against green (R − G) / 2, yellow against
 * blue (R + G) / 4 − B / 2. For a centre of (2r+1)² cells inside a surround of (6r+1)² cells
 *
 * <pre>S(i) = max over r of √( Σ_channels (mean of the centre − mean of the rest)² )</pre>
 *
 * with r = 2, 4, 8 and 16 on a map whose longer side is at most {@value #SIDE} (larger images are
 * averaged down to it). Windows end at the image's border. Unit: brightness levels. Sums come from
 * summed-area tables, so the cost is one of cells, whatever the radius.
 */
public final class Saliency {
  /** Of whatever would give the same image other peaks. */
  static final int VERSION = 1;

  static final int SIDE = 256;
  private static final int[] RADII = {2, 4, 8, 16};
  private static final int SURROUND = 3; // radii of the centre

  /** Grain and compression alone stay below this. */
  private static final double FLOOR = 8;

  /** Of the strongest: weaker places are mostly texture. */
  private static final double SHARE = 0.5;

  private static final int APART = 8; // cells between peaks; twice the centre's radius where more

  private final int width;
  private final int height;
  private final double scaleX;
  private final double scaleY;
  private final double[] strength;
  private final byte[] radius;

  private Saliency(Reduced image) {
    this.width = image.width;
    this.height = image.height;
    this.scaleX = image.scaleX;
    this.scaleY = image.scaleY;
    this.strength = new double[width * height];
    this.radius = new byte[width * height];
    for (int r : RADII) {
      contrast(image, r);
    }
  }

  public static Saliency of(RgbImage image) {
    return new Saliency(Reduced.of(image));
  }

  /**
   * @param x in the image's pixels, as {@code y}
   * @param strength S there
   */
  record Peak(float x, float y, double strength) {}

  public int width() {
    return width;
  }

  public int height() {
    return height;
  }

  /** S of a cell. */
  public double at(int x, int y) {
    return strength[y * width + x];
  }

  /**
   * The strongest cells, each the best of a disc around it that no later one lies in; at least
   * {@value #FLOOR} levels and {@value #SHARE} of the strongest. Of equals the first, row by row.
   *
   * @param most how many at most
   */
  List<Peak> peaks(int most) {
    double[] left = strength.clone();
    List<Peak> peaks = new ArrayList<>();
    double least = FLOOR;
    while (peaks.size() < most) {
      int best = greatest(left);
      if (left[best] < least) {
        break;
      }
      if (peaks.isEmpty()) {
        least = Math.max(FLOOR, SHARE * left[best]);
      }
      int x = best % width;
      int y = best / width;
      peaks.add(
          new Peak((float) ((x + 0.5) * scaleX), (float) ((y + 0.5) * scaleY), strength[best]));
      clear(left, x, y, Math.max(APART, 2 * radius[best]));
    }
    return peaks;
  }

  private static int greatest(double[] values) {
    int best = 0;
    for (int i = 1; i < values.length; i++) {
      if (values[i] > values[best]) {
        best = i;
      }
    }
    return best;
  }

  private void clear(double[] left, int x, int y, int reach) {
    for (int row = Math.max(0, y - reach); row <= Math.min(height - 1, y + reach); row++) {
      int half = (int) Math.sqrt((double) reach * reach - (double) (row - y) * (row - y));
      int from = Math.max(0, x - half);
      int to = Math.min(width - 1, x + half);
      Arrays.fill(left, row * width + from, row * width + to + 1, Double.NEGATIVE_INFINITY);
    }
  }

  private void contrast(Reduced image, int r) {
    for (int y = 0; y < height; y++) {
      for (int x = 0; x < width; x++) {
        double squares = 0;
        for (double[] sums : image.sums) {
          squares += square(difference(sums, x, y, r));
        }
        int i = y * width + x;
        double value = Math.sqrt(squares);
        if (value > strength[i]) {
          strength[i] = value;
          radius[i] = (byte) r;
        }
      }
    }
  }

  /** Mean of the centre − mean of the surround without it; 0 where the surround is all centre. */
  private double difference(double[] sums, int x, int y, int r) {
    double centre = windowSum(sums, x, y, r);
    int inside = windowCells(x, y, r);
    int around = windowCells(x, y, SURROUND * r) - inside;
    if (around == 0) {
      return 0;
    }
    double rest = windowSum(sums, x, y, SURROUND * r) - centre;
    return centre / inside - rest / around;
  }

  private int windowCells(int x, int y, int r) {
    int across = Math.min(width, x + r + 1) - Math.max(0, x - r);
    int down = Math.min(height, y + r + 1) - Math.max(0, y - r);
    return across * down;
  }

  private double windowSum(double[] sums, int x, int y, int r) {
    int stride = width + 1;
    int top = Math.max(0, y - r) * stride;
    int bottom = Math.min(height, y + r + 1) * stride;
    int left = Math.max(0, x - r);
    int right = Math.min(width, x + r + 1);
    return sums[bottom + right] - sums[top + right] - sums[bottom + left] + sums[top + left];
  }

  private static double square(double v) {
    return v * v;
  }

  /** The channels on the map's grid, as summed-area tables [height + 1, width + 1]. */
  private static final class Reduced {
    private final int width;
    private final int height;
    private final double scaleX;
    private final double scaleY;
    private final double[][] sums;

    private Reduced(RgbImage image, int width, int height) {
      this.width = width;
      this.height = height;
      this.scaleX = (double) image.width() / width;
      this.scaleY = (double) image.height() / height;
      this.sums = new double[3][(width + 1) * (height + 1)];
    }

    static Reduced of(RgbImage image) {
      double scale = Math.min(1, (double) SIDE / Math.max(image.width(), image.height()));
      int width = Math.max(1, (int) Math.round(image.width() * scale));
      int height = Math.max(1, (int) Math.round(image.height() * scale));
      Reduced reduced = new Reduced(image, width, height);
      long[] rgb = new long[3];
      for (int y = 0; y < height; y++) {
        for (int x = 0; x < width; x++) {
          long cells = sum(image, reduced, x, y, rgb);
          reduced.put(
              x, y, (double) rgb[0] / cells, (double) rgb[1] / cells, (double) rgb[2] / cells);
        }
      }
      return reduced;
    }

    /** Of the pixels that the cell touches, so that none is left out. */
    private static long sum(RgbImage image, Reduced to, int x, int y, long[] rgb) {
      int x0 = (int) ((long) x * image.width() / to.width);
      int y0 = (int) ((long) y * image.height() / to.height);
      int x1 = (int) (((long) (x + 1) * image.width() + to.width - 1) / to.width);
      int y1 = (int) (((long) (y + 1) * image.height() + to.height - 1) / to.height);
      Arrays.fill(rgb, 0);
      for (int row = y0; row < y1; row++) {
        int from = 3 * (row * image.width() + x0);
        int end = 3 * (row * image.width() + x1);
        for (int i = from; i < end; i += 3) {
          rgb[0] += image.rgb()[i] & 0xff;
          rgb[1] += image.rgb()[i + 1] & 0xff;
          rgb[2] += image.rgb()[i + 2] & 0xff;
        }
      }
      return (long) (x1 - x0) * (y1 - y0);
    }

    private void put(int x, int y, double r, double g, double b) {
      add(0, x, y, (r + g + b) / 3);
      add(1, x, y, (r - g) / 2);
      add(2, x, y, (r + g) / 4 - b / 2);
    }

    private void add(int channel, int x, int y, double value) {
      double[] table = sums[channel];
      int stride = width + 1;
      int above = y * stride + x;
      table[above + stride + 1] = value + table[above + 1] + table[above + stride] - table[above];
    }
  }
}
