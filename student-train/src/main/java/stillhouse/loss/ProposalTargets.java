package stillhouse.loss;

import java.util.Arrays;
import stillhouse.data.Components.Component;
import stillhouse.decoder.DrawnObjects;
import stillhouse.decoder.DrawnObjects.Drawn;

/**
 * What the cells of a grid should propose of a batch's objects. A cell is an object's if its middle
 * lies in the central part of the object's box; of several objects the one whose box is smallest,
 * of equals the first. The central part reaches, along either side, at least half a cell from the
 * box's middle, so that an object has a cell however small it is, unless a smaller one takes it.
 *
 * <p>Source: FCOS (Tian et al., 2019), whose later versions sample the centres. Ours: the central
 * part is a share of the box, not a number of strides, since there is one grid for all sizes.
 */
final class ProposalTargets {
  private final int samples;
  private final int rows;
  private final int columns;
  private final float[] positive;
  private final float[] counted;
  private final float[] distances;

  private ProposalTargets(int samples, int rows, int columns) {
    this.samples = samples;
    this.rows = rows;
    this.columns = columns;
    positive = new float[samples * rows * columns];
    counted = new float[samples * rows * columns];
    distances = new float[4 * samples * rows * columns];
  }

  /**
   * @param objects of the batch, in pixels
   * @param valid 0 at ignored pixels, [B, 1, H, W]; empty where every pixel counts. A cell that has
   *     an ignored pixel does not count
   * @param centre share of a box's sides that is its central part, 0…1
   */
  static ProposalTargets of(
      DrawnObjects objects, float[] valid, int samples, int rows, int columns, double centre) {
    ProposalTargets targets = new ProposalTargets(samples, rows, columns);
    targets.count(valid, objects.height(), objects.width());
    double[] smallest = new double[targets.positive.length]; // area of the box that has the cell
    Arrays.fill(smallest, Double.POSITIVE_INFINITY);
    double tall = (double) objects.height() / rows;
    double wide = (double) objects.width() / columns;
    for (Drawn object : objects.all()) {
      targets.put(object.sample(), object.component(), tall, wide, centre, smallest);
    }
    return targets;
  }

  private void count(float[] valid, int height, int width) {
    Arrays.fill(counted, 1);
    int tall = height / rows;
    int wide = width / columns;
    for (int i = 0; i < valid.length; i++) {
      if (valid[i] == 0) {
        int y = i / width % height / tall;
        counted[(i / (height * width) * rows + y) * columns + i % width / wide] = 0;
      }
    }
  }

  private void put(
      int sample, Component box, double tall, double wide, double centre, double[] smallest) {
    double area = (double) (box.x1() - box.x0()) * (box.y1() - box.y0());
    for (int y = 0; y < rows; y++) {
      double cy = (y + 0.5) * tall;
      if (!isCentral(cy, box.y0(), box.y1(), tall, centre)) {
        continue;
      }
      for (int x = 0; x < columns; x++) {
        double cx = (x + 0.5) * wide;
        int cell = (sample * rows + y) * columns + x;
        if (area < smallest[cell] && isCentral(cx, box.x0(), box.x1(), wide, centre)) {
          smallest[cell] = area;
          positive[cell] = 1;
          setDistance(sample, 0, y, x, (cx - box.x0()) / wide);
          setDistance(sample, 1, y, x, (cy - box.y0()) / tall);
          setDistance(sample, 2, y, x, (box.x1() - cx) / wide);
          setDistance(sample, 3, y, x, (box.y1() - cy) / tall);
        }
      }
    }
  }

  private static boolean isCentral(double at, int from, int to, double cell, double centre) {
    double reach = Math.max(centre * (to - from), cell) / 2;
    return Math.abs(at - (from + to) / 2.0) <= reach;
  }

  /** A side that the cell's middle is beyond is at 0. */
  private void setDistance(int sample, int side, int y, int x, double distance) {
    distances[((sample * 4 + side) * rows + y) * columns + x] = (float) Math.max(0, distance);
  }

  /** 1 at cells that are an object's, [B, 1, h, w]. */
  float[] positive() {
    return positive;
  }

  /** 1 at cells that count, [B, 1, h, w]. */
  float[] counted() {
    return counted;
  }

  /** Left, top, right, bottom, in cells; 0 at cells that are no object's, [B, 4, h, w]. */
  float[] distances() {
    return distances;
  }

  /** How many cells of each sample are an object's and count, at least 1, [B]. */
  float[] positives() {
    float[] counts = new float[samples];
    int cells = rows * columns;
    for (int i = 0; i < positive.length; i++) {
      counts[i / cells] += positive[i] * counted[i];
    }
    for (int b = 0; b < samples; b++) {
      counts[b] = Math.max(1, counts[b]);
    }
    return counts;
  }
}
