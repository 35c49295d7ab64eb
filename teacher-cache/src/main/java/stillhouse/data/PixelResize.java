package stillhouse.data;

import java.util.Arrays;
import stillhouse.tensor.Axis;

/**
 * Bytes [H, W, 3] to resampled planes [3, height, width], a source row at a time: beside the planes
 * it holds a few rows of the output's width, never the image as floats.
 */
final class PixelResize {
  private final byte[] rgb;
  private final int stride;
  private final float[] values;
  private final int height;
  private final int width;
  private final float[] planes;

  /**
   * @param values of a channel's byte
   */
  PixelResize(RgbImage image, float[] values, int height, int width) {
    this.rgb = image.rgb();
    this.stride = 3 * image.width();
    this.values = values;
    this.height = height;
    this.width = width;
    this.planes = new float[Math.multiplyExact(3, Math.multiplyExact(height, width))];
  }

  /** To the bit what {@link stillhouse.tensor.Resize#bilinear} makes of the planes. */
  float[] bilinear(Axis rows, Axis columns) {
    Row upper = new Row(3 * width);
    Row lower = new Row(3 * width);
    for (int y = 0; y < height; y++) {
      if (lower.holds(rows.first[y])) {
        Row passed = upper;
        upper = lower;
        lower = passed;
      }
      upper.fill(rows.first[y], columns);
      lower.fill(rows.second[y], columns);
      blend(upper.floats, lower.floats, rows.share[y], y);
    }
    return planes;
  }

  private void blend(float[] upper, float[] lower, float share, int y) {
    for (int c = 0; c < 3; c++) {
      int out = (c * height + y) * width;
      for (int i = c * width; i < (c + 1) * width; i++) {
        planes[out++] = upper[i] + share * (lower[i] - upper[i]);
      }
    }
  }

  /** A source row at the output's columns. */
  private final class Row {
    private final float[] floats;
    private int source = -1;

    Row(int length) {
      floats = new float[length];
    }

    boolean holds(int row) {
      return source == row;
    }

    void fill(int row, Axis columns) {
      if (holds(row)) {
        return;
      }
      source = row;
      int from = row * stride;
      for (int x = 0; x < width; x++) {
        int left = from + 3 * columns.first[x];
        int right = from + 3 * columns.second[x];
        float share = columns.share[x];
        for (int c = 0; c < 3; c++) {
          float a = values[rgb[left + c] & 0xff];
          float b = values[rgb[right + c] & 0xff];
          floats[c * width + x] = a + share * (b - a);
        }
      }
    }
  }

  /** Each output pixel the weighted mean of its taps, across and then down. */
  float[] weighted(Taps rows, Taps columns) {
    float[] row = new float[3 * width];
    int first = 0;
    for (int source = 0; source < rows.in(); source++) {
      while (first < height && rows.end(first) <= source) {
        first++;
      }
      if (first == height || rows.start(first) > source) {
        continue;
      }
      across(source, columns, row);
      for (int y = first; y < height && rows.start(y) <= source; y++) {
        add(row, rows.weight(y, source), y);
      }
    }
    return planes;
  }

  private void across(int source, Taps columns, float[] row) {
    Arrays.fill(row, 0);
    for (int x = 0; x < width; x++) {
      for (int s = columns.start(x); s < columns.end(x); s++) {
        float weight = columns.weight(x, s);
        int pixel = source * stride + 3 * s;
        for (int c = 0; c < 3; c++) {
          row[c * width + x] += weight * values[rgb[pixel + c] & 0xff];
        }
      }
    }
  }

  private void add(float[] row, float weight, int y) {
    for (int c = 0; c < 3; c++) {
      int out = (c * height + y) * width;
      for (int i = c * width; i < (c + 1) * width; i++) {
        planes[out++] += weight * row[i];
      }
    }
  }
}
