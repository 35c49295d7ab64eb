package stillhouse.data;

/**
 * How deep each labelled pixel lies in its object: the chessboard distance to the nearest pixel of
 * another class or outside the image, by two passes (Rosenfeld and Pfaltz, 1966). 1 at an object's
 * border, 0 where there is none.
 */
final class Depths {
  private final ClassMask mask;
  private final int[] depths;

  private Depths(ClassMask mask) {
    this.mask = mask;
    this.depths = new int[mask.width() * mask.height()];
  }

  /** Row by row. */
  static int[] of(ClassMask mask) {
    Depths depths = new Depths(mask);
    depths.fromAbove();
    depths.fromBelow();
    return depths.depths;
  }

  private void fromAbove() {
    for (int y = 0; y < mask.height(); y++) {
      for (int x = 0; x < mask.width(); x++) {
        if (Components.isLabelled(mask.at(x, y))) {
          depths[y * mask.width() + x] = 1 + least(x, y, -1);
        }
      }
    }
  }

  private void fromBelow() {
    for (int y = mask.height() - 1; y >= 0; y--) {
      for (int x = mask.width() - 1; x >= 0; x--) {
        if (Components.isLabelled(mask.at(x, y))) {
          int pixel = y * mask.width() + x;
          depths[pixel] = Math.min(depths[pixel], 1 + least(x, y, 1));
        }
      }
    }
  }

  /** Of the four neighbours that a pass has seen: one beside and three in the row before. */
  private int least(int x, int y, int step) {
    int row = Math.min(at(x, y, 0, step), at(x, y, -1, step));
    return Math.min(Math.min(row, at(x, y, 1, step)), beside(x, y, step));
  }

  private int at(int x, int y, int dx, int dy) {
    return depth(x, y, x + dx, y + dy);
  }

  private int beside(int x, int y, int dx) {
    return depth(x, y, x + dx, y);
  }

  private int depth(int x, int y, int nx, int ny) {
    boolean inside = nx >= 0 && nx < mask.width() && ny >= 0 && ny < mask.height();
    return inside && mask.at(nx, ny) == mask.at(x, y) ? depths[ny * mask.width() + nx] : 0;
  }
}
