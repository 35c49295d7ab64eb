package stillhouse.decoder;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import stillhouse.data.ClassMask;
import stillhouse.data.Components;
import stillhouse.data.Components.Component;

/**
 * Objects of a batch's labels, drawn to be asked about: connected components of one class. Where a
 * sample has more than the limit, each is as likely to be drawn.
 */
public final class DrawnObjects {
  /**
   * One of them.
   *
   * @param sample its sample's place in the batch
   * @param slot its place among its sample's, below the limit
   * @param starts its runs' first pixels, row by row
   * @param ends exclusive, of the same row
   */
  public record Drawn(int sample, int slot, Component component, int[] starts, int[] ends) {
    /**
     * One of its pixels, in rows of the sample.
     *
     * @param share in [0, 1): the pixel before which this share of its area lies
     */
    public int pixel(double share) {
      int left = (int) (share * component.area());
      int run = 0;
      while (left >= ends[run] - starts[run]) {
        left -= ends[run] - starts[run];
        run++;
      }
      return starts[run] + left;
    }
  }

  private final int height;
  private final int width;
  private final List<Drawn> objects;

  private DrawnObjects(int height, int width, List<Drawn> objects) {
    this.height = height;
    this.width = width;
    this.objects = List.copyOf(objects);
  }

  /**
   * @param truth one-hot foreground classes, [B, K, H, W]
   * @param draws even values in [0, 1), [B, limit]
   * @param minArea pixels below which a component is none
   */
  public static DrawnObjects of(
      float[] truth, int classes, int height, int width, float[] draws, int limit, int minArea) {
    List<Drawn> drawn = new ArrayList<>();
    int batch = draws.length / limit;
    for (int b = 0; b < batch; b++) {
      Components.Runs runs = Components.runs(mask(truth, b, classes, height, width));
      List<Integer> large = large(runs, minArea);
      for (int slot = 0; slot < limit && !large.isEmpty(); slot++) {
        int which = large.remove((int) (draws[b * limit + slot] * large.size()));
        drawn.add(object(runs, which, b, slot));
      }
    }
    return new DrawnObjects(height, width, drawn);
  }

  /**
   * All objects, in the order of their first pixels.
   *
   * @param truth one-hot foreground classes, [B, K, H, W]
   * @param minArea pixels below which a component is none
   */
  public static DrawnObjects every(float[] truth, int classes, int height, int width, int minArea) {
    List<Drawn> all = new ArrayList<>();
    for (int b = 0; b < truth.length / (classes * height * width); b++) {
      Components.Runs runs = Components.runs(mask(truth, b, classes, height, width));
      int slot = 0;
      for (int which : large(runs, minArea)) {
        all.add(object(runs, which, b, slot++));
      }
    }
    return new DrawnObjects(height, width, all);
  }

  /** Places of the components that are large enough, in their order. */
  private static List<Integer> large(Components.Runs runs, int minArea) {
    List<Integer> large = new ArrayList<>();
    for (int i = 0; i < runs.components().size(); i++) {
      if (runs.components().get(i).area() >= minArea) {
        large.add(i);
      }
    }
    return large;
  }

  private static ClassMask mask(float[] truth, int sample, int classes, int height, int width) {
    int area = height * width;
    byte[] mask = new byte[area];
    for (int k = 0; k < classes; k++) {
      int plane = (sample * classes + k) * area;
      for (int i = 0; i < area; i++) {
        if (truth[plane + i] > 0.5f) {
          mask[i] = (byte) (k + 1);
        }
      }
    }
    return new ClassMask(width, height, mask);
  }

  private static Drawn object(Components.Runs runs, int which, int sample, int slot) {
    int[] mine = new int[runs.count()];
    int count = 0;
    for (int run = 0; run < mine.length; run++) {
      if (runs.component(run) == which) {
        mine[count++] = run;
      }
    }
    int[] starts = new int[count];
    int[] ends = new int[count];
    for (int i = 0; i < count; i++) {
      starts[i] = runs.start(mine[i]);
      ends[i] = runs.end(mine[i]);
    }
    return new Drawn(sample, slot, runs.components().get(which), starts, ends);
  }

  public List<Drawn> all() {
    return objects;
  }

  public int count() {
    return objects.size();
  }

  public int height() {
    return height;
  }

  public int width() {
    return width;
  }

  /** Their masks, 1 and 0, [P, 1, H, W] flattened. */
  public float[] masks() {
    int area = height * width;
    float[] masks = new float[Math.multiplyExact(objects.size(), area)];
    for (int p = 0; p < objects.size(); p++) {
      Drawn object = objects.get(p);
      for (int run = 0; run < object.starts.length; run++) {
        Arrays.fill(masks, p * area + object.starts[run], p * area + object.ends[run], 1f);
      }
    }
    return masks;
  }
}
