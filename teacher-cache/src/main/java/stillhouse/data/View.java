package stillhouse.data;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonValue;
import java.util.Arrays;
import java.util.Collection;
import java.util.EnumSet;
import java.util.List;
import stillhouse.tensor.FloatTensor;

/**
 * A way to look at a rectangle of pixels that moves them and changes none: the eight symmetries of
 * the square (the dihedral group D4). Turns go clockwise. Each is a transposition or none, followed
 * by flips; applying one copies values and is exact, on pixels, labels and maps alike.
 */
public enum View {
  IDENTITY("identity", false, false, false),
  FLIP_HORIZONTAL("flip-horizontal", false, true, false),
  FLIP_VERTICAL("flip-vertical", false, false, true),
  TURN_90("turn-90", true, true, false),
  TURN_180("turn-180", false, true, true),
  TURN_270("turn-270", true, false, true),
  TRANSPOSE("transpose", true, false, false),
  ANTI_TRANSPOSE("anti-transpose", true, true, true);

  /** The image as it is, and no other. */
  public static final List<View> ONLY_IDENTITY = List.of(IDENTITY);

  private final String text;
  private final boolean transposed;
  private final boolean mirrored; // left to right, after the transposition
  private final boolean upended; // top to bottom, after the transposition

  View(String text, boolean transposed, boolean mirrored, boolean upended) {
    this.text = text;
    this.transposed = transposed;
    this.mirrored = mirrored;
    this.upended = upended;
  }

  /** As YAML files and tables name it. */
  @JsonValue
  public String text() {
    return text;
  }

  /**
   * @throws IllegalArgumentException naming the views there are
   */
  @JsonCreator
  public static View of(String text) {
    for (View view : values()) {
      if (view.text.equals(text)) {
        return view;
      }
    }
    throw new IllegalArgumentException(
        "Invalid view: '"
            + text
            + "' (must be one of "
            + Arrays.stream(values()).map(View::text).toList()
            + ")");
  }

  /** Each once, in the order of this type: equal sets of views are equal lists. */
  public static List<View> ordered(Collection<View> views) {
    return views.isEmpty() ? List.of() : List.copyOf(EnumSet.copyOf(views));
  }

  /** Whether what was high is wide afterwards. */
  public boolean swapsSides() {
    return transposed;
  }

  /** The view that undoes this one. */
  public View inverse() {
    return transposed ? which(true, upended, mirrored) : this;
  }

  /** This view, and then {@code next} of what it shows. */
  public View then(View next) {
    boolean x = next.transposed ? upended : mirrored;
    boolean y = next.transposed ? mirrored : upended;
    return which(transposed ^ next.transposed, x ^ next.mirrored, y ^ next.upended);
  }

  private static View which(boolean transposed, boolean mirrored, boolean upended) {
    for (View view : values()) {
      if (view.transposed == transposed && view.mirrored == mirrored && view.upended == upended) {
        return view;
      }
    }
    throw new IllegalStateException("Every combination is a view");
  }

  public RgbImage of(RgbImage image) {
    if (this == IDENTITY) {
      return image;
    }
    Walk walk = walk(image.width(), image.height());
    byte[] in = image.rgb();
    byte[] out = new byte[in.length];
    for (int y = 0, o = 0; y < walk.height; y++) {
      int i = 3 * (walk.start + y * walk.down);
      for (int x = 0; x < walk.width; x++, i += 3 * walk.right, o += 3) {
        out[o] = in[i];
        out[o + 1] = in[i + 1];
        out[o + 2] = in[i + 2];
      }
    }
    return new RgbImage(walk.width, walk.height, out);
  }

  public ClassMask of(ClassMask mask) {
    if (this == IDENTITY) {
      return mask;
    }
    Walk walk = walk(mask.width(), mask.height());
    byte[] in = mask.classes();
    byte[] out = new byte[in.length];
    for (int y = 0, o = 0; y < walk.height; y++) {
      int i = walk.start + y * walk.down;
      for (int x = 0; x < walk.width; x++, i += walk.right) {
        out[o++] = in[i];
      }
    }
    return new ClassMask(walk.width, walk.height, out);
  }

  /**
   * @param map [C, h, w] or [h, w]
   * @return the last two axes moved, swapped where {@link #swapsSides}
   */
  public FloatTensor of(FloatTensor map) {
    if (map.rank() < 2) {
      throw new IllegalArgumentException(
          "Invalid map of view " + text + ": " + map + " (must be [C, h, w] or [h, w])");
    }
    if (this == IDENTITY) {
      return map;
    }
    int[] shape = map.shape();
    int rows = shape.length - 2;
    Walk walk = walk(shape[rows + 1], shape[rows]);
    shape[rows] = walk.height;
    shape[rows + 1] = walk.width;
    float[] in = map.data();
    float[] out = new float[in.length];
    int area = walk.width * walk.height;
    for (int plane = 0, o = 0; plane < in.length; plane += area) {
      for (int y = 0; y < walk.height; y++) {
        int i = plane + walk.start + y * walk.down;
        for (int x = 0; x < walk.width; x++, i += walk.right) {
          out[o++] = in[i];
        }
      }
    }
    return new FloatTensor(shape, out);
  }

  /**
   * Where the point (x, y) of a plane goes to.
   *
   * @param width of the plane, in whose units x and y are: pixel i covers i to i + 1
   */
  public float xOf(float x, float y, float width, float height) {
    float across = transposed ? y : x;
    return mirrored ? (transposed ? height : width) - across : across;
  }

  /** As {@link #xOf}. */
  public float yOf(float x, float y, float width, float height) {
    float down = transposed ? x : y;
    return upended ? (transposed ? width : height) - down : down;
  }

  @Override
  public String toString() {
    return text;
  }

  /** Source pixels in the order of the output's: where they start and how far apart they lie. */
  private record Walk(int width, int height, int start, int right, int down) {}

  private Walk walk(int inWidth, int inHeight) {
    int width = transposed ? inHeight : inWidth;
    int height = transposed ? inWidth : inHeight;
    int right = transposed ? inWidth : 1;
    int down = transposed ? 1 : inWidth;
    int start = (mirrored ? (width - 1) * right : 0) + (upended ? (height - 1) * down : 0);
    return new Walk(width, height, start, mirrored ? -right : right, upended ? -down : down);
  }
}
