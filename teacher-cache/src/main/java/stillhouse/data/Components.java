package stillhouse.data;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

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

  /**
   * @param deepest of its pixels the one farthest from any other, in rows of the mask; of equals
   *     the first
   */
  public record Inside(Component component, int deepest) {}

  private final ClassMask mask;
  private final int[] parents; // by pixel; the root of a component is its first pixel
  private final int[] numbers; // by root; −1 for other pixels

  private Components(ClassMask mask) {
    this.mask = mask;
    this.parents = new int[mask.width() * mask.height()];
    this.numbers = new int[parents.length];
    Arrays.fill(numbers, -1);
  }

  /** In the order of their first pixels, row by row. */
  public static List<Component> of(ClassMask mask) {
    Components components = new Components(mask);
    components.join();
    return components.measure();
  }

  /** The same, each with a pixel that lies well inside. */
  public static List<Inside> insides(ClassMask mask) {
    Components components = new Components(mask);
    components.join();
    List<Component> found = components.measure();
    int[] deepest = components.deepest(found.size());
    return IntStream.range(0, found.size())
        .mapToObj(i -> new Inside(found.get(i), deepest[i]))
        .toList();
  }

  private int[] deepest(int count) {
    int[] depths = Depths.of(mask);
    int[] deepest = new int[count];
    Arrays.fill(deepest, -1);
    for (int pixel = 0; pixel < parents.length; pixel++) {
      if (depths[pixel] > 0) {
        int number = numbers[root(pixel)];
        if (deepest[number] < 0 || depths[pixel] > depths[deepest[number]]) {
          deepest[number] = pixel;
        }
      }
    }
    return deepest;
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
    List<Component> found = new ArrayList<>();
    for (int y = 0; y < mask.height(); y++) {
      for (int x = 0; x < mask.width(); x++) {
        int classId = mask.at(x, y);
        if (!isLabelled(classId)) {
          continue;
        }
        int root = root(y * mask.width() + x);
        if (numbers[root] < 0) {
          numbers[root] = found.size();
          found.add(new Component(classId, x, y, x + 1, y + 1, 1));
        } else {
          found.set(numbers[root], grown(found.get(numbers[root]), x, y));
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

  static boolean isLabelled(int classId) {
    return classId != 0 && classId != ClassMask.IGNORE;
  }
}
