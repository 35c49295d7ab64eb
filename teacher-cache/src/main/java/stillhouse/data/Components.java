package stillhouse.data;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * The connected components of a mask: pixels of one class that touch by a side or a corner
 * (8-connectivity). Two passes with union-find over the already labelled neighbours (Rosenfeld and
 * Pfaltz, 1966). Background and ignored pixels belong to none.
 */
public final class Components {
  /**
   * @param x1 exclusive, as {@code y1}
   * @param area its pixels
   */
  public record Component(int classId, int x0, int y0, int x1, int y1, int area) {}

  private final ClassMask mask;
  private final int[] parents; // by pixel; the root of a component is its first pixel

  private Components(ClassMask mask) {
    this.mask = mask;
    this.parents = new int[mask.width() * mask.height()];
  }

  /** In the order of their first pixels, row by row. */
  public static List<Component> of(ClassMask mask) {
    Components components = new Components(mask);
    components.join();
    return components.measure();
  }

  private void join() {
    for (int y = 0; y < mask.height(); y++) {
      for (int x = 0; x < mask.width(); x++) {
        int pixel = y * mask.width() + x;
        parents[pixel] = pixel;
        if (isLabelled(mask.at(x, y))) {
          joinWith(pixel, x, y, -1, 0);
          joinWith(pixel, x, y, -1, -1);
          joinWith(pixel, x, y, 0, -1);
          joinWith(pixel, x, y, 1, -1);
        }
      }
    }
  }

  private void joinWith(int pixel, int x, int y, int dx, int dy) {
    int nx = x + dx;
    int ny = y + dy;
    if (nx < 0 || nx >= mask.width() || ny < 0 || mask.at(nx, ny) != mask.at(x, y)) {
      return;
    }
    int a = root(pixel);
    int b = root(ny * mask.width() + nx);
    parents[Math.max(a, b)] = Math.min(a, b);
  }

  private int root(int pixel) {
    int p = pixel;
    while (parents[p] != p) {
      parents[p] = parents[parents[p]]; // halves the path
      p = parents[p];
    }
    return p;
  }

  private List<Component> measure() {
    int[] index = new int[parents.length];
    Arrays.fill(index, -1);
    List<Component> found = new ArrayList<>();
    for (int y = 0; y < mask.height(); y++) {
      for (int x = 0; x < mask.width(); x++) {
        int classId = mask.at(x, y);
        if (!isLabelled(classId)) {
          continue;
        }
        int root = root(y * mask.width() + x);
        if (index[root] < 0) {
          index[root] = found.size();
          found.add(new Component(classId, x, y, x + 1, y + 1, 1));
        } else {
          found.set(index[root], grown(found.get(index[root]), x, y));
        }
      }
    }
    return found;
  }

  private static Component grown(Component c, int x, int y) {
    return new Component(
        c.classId,
        Math.min(c.x0, x),
        Math.min(c.y0, y),
        Math.max(c.x1, x + 1),
        Math.max(c.y1, y + 1),
        c.area + 1);
  }

  private static boolean isLabelled(int classId) {
    return classId != 0 && classId != ClassMask.IGNORE;
  }
}
