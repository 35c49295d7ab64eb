package stillhouse.data;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/**
 * The connected components of a mask: pixels of one class that touch by a side or a corner
 * (8-connectivity). Union-find over the runs of each row and those of the row before it (Rosenfeld
 * and Pfaltz, 1966, by runs): what it holds grows with the runs, not with the pixels. Background
 * and ignored pixels belong to none.
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

  /**
   * The runs of a mask, row by row, and of which component each is: pixels {@code start} to {@code
   * end}, exclusive, of one row.
   */
  public static final class Runs {
    private final Components of;
    private final List<Component> components;

    private Runs(Components of) {
      this.of = of;
      this.components = of.measure();
    }

    /** As {@link Components#of}. */
    public List<Component> components() {
      return components;
    }

    public int count() {
      return of.runs;
    }

    /** Of the mask's pixels the first of a run. */
    public int start(int run) {
      return of.starts[run];
    }

    public int end(int run) {
      return of.ends[run];
    }

    /** The component's place in {@link #components()}. */
    public int component(int run) {
      return of.numbers[of.root(run)];
    }
  }

  private final ClassMask mask;
  private int runs;
  private int[] starts = new int[256]; // by run, row by row: its first pixel
  private int[] ends = new int[256]; // exclusive
  private int[] parents = new int[256]; // the root of a component is its first run
  private int[] numbers; // by root

  private Components(ClassMask mask) {
    this.mask = mask;
  }

  /** In the order of their first pixels, row by row. */
  public static List<Component> of(ClassMask mask) {
    Components components = new Components(mask);
    components.join();
    return components.measure();
  }

  /** The same, with the runs that they are made of. */
  public static Runs runs(ClassMask mask) {
    Components components = new Components(mask);
    components.join();
    return new Runs(components);
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
    for (int run = 0; run < runs; run++) {
      int number = numbers[root(run)];
      for (int pixel = starts[run]; pixel < ends[run]; pixel++) {
        if (deepest[number] < 0 || depths[pixel] > depths[deepest[number]]) {
          deepest[number] = pixel;
        }
      }
    }
    return deepest;
  }

  private void join() {
    int above = 0;
    for (int y = 0; y < mask.height(); y++) {
      int here = runs;
      addRuns(y * mask.width(), (y + 1) * mask.width());
      joinRows(above, here);
      above = here;
    }
  }

  /** The runs of one row, between two of its pixels. */
  private void addRuns(int from, int to) {
    byte[] classes = mask.classes();
    for (int pixel = from; pixel < to; ) {
      byte classId = classes[pixel];
      int start = pixel;
      while (pixel < to && classes[pixel] == classId) {
        pixel++;
      }
      if (isLabelled(classId & 0xff)) {
        add(start, pixel);
      }
    }
  }

  private void add(int start, int end) {
    if (runs == starts.length) {
      int more = (int) Math.min(2L * runs, Integer.MAX_VALUE - 8);
      starts = Arrays.copyOf(starts, more);
      ends = Arrays.copyOf(ends, more);
      parents = Arrays.copyOf(parents, more);
    }
    starts[runs] = start;
    ends[runs] = end;
    parents[runs] = runs;
    runs++;
  }

  /** Runs from {@code here} on with those from {@code above} on, which lie in the row before. */
  private void joinRows(int above, int here) {
    int width = mask.width();
    int first = above;
    for (int run = here; run < runs; run++) {
      while (first < here && ends[first] + width < starts[run]) {
        first++; // ends left of this run's corner, and of those of all that follow
      }
      for (int other = first; other < here && starts[other] + width <= ends[run]; other++) {
        if (classOf(other) == classOf(run)) {
          unite(other, run);
        }
      }
    }
  }

  private int classOf(int run) {
    return mask.classes()[starts[run]] & 0xff;
  }

  private void unite(int one, int other) {
    int a = root(one);
    int b = root(other);
    parents[Math.max(a, b)] = Math.min(a, b);
  }

  private int root(int run) {
    int p = run;
    while (parents[p] != p) {
      parents[p] = parents[parents[p]]; // halves the path
      p = parents[p];
    }
    return p;
  }

  private List<Component> measure() {
    numbers = new int[runs];
    int count = 0;
    for (int run = 0; run < runs; run++) {
      if (root(run) == run) {
        numbers[run] = count++;
      }
    }
    Boxes boxes = new Boxes(count);
    for (int run = 0; run < runs; run++) {
      int y = starts[run] / mask.width();
      int left = y * mask.width();
      boxes.grow(numbers[root(run)], classOf(run), starts[run] - left, ends[run] - left, y);
    }
    List<Component> found = new ArrayList<>(count);
    for (int i = 0; i < count; i++) {
      found.add(boxes.component(i));
    }
    return found;
  }

  /** What is known of each component. */
  private static final class Boxes {
    private final int[] classIds;
    private final int[] x0;
    private final int[] y0;
    private final int[] x1;
    private final int[] y1;
    private final int[] areas;

    Boxes(int count) {
      classIds = new int[count];
      x0 = new int[count];
      y0 = new int[count];
      x1 = new int[count];
      y1 = new int[count];
      areas = new int[count];
    }

    /** By a run; runs come row by row. */
    void grow(int i, int classId, int start, int end, int y) {
      boolean first = areas[i] == 0;
      classIds[i] = classId;
      x0[i] = first ? start : Math.min(x0[i], start);
      x1[i] = Math.max(x1[i], end);
      y0[i] = first ? y : y0[i];
      y1[i] = y + 1;
      areas[i] += end - start;
    }

    Component component(int i) {
      return new Component(classIds[i], x0[i], y0[i], x1[i], y1[i], areas[i]);
    }
  }

  static boolean isLabelled(int classId) {
    return classId != 0 && classId != ClassMask.IGNORE;
  }
}
