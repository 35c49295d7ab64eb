package stillhouse.teacher;

import java.io.Serializable;

/**
 * Where an image ends in its cached maps. They are cut to whole cells, and of a letter-boxed
 * teacher the image may end within the last row or column: readers that bring a map to the image's
 * frame must resample what the image covers, not what is stored.
 *
 * @param inputHeight of the network's input
 */
public record MapExtent(InputConfig.Fit resize, int inputHeight, int inputWidth)
    implements Serializable {
  /** Of a teacher whose maps span the image exactly. */
  public static final MapExtent EXACT = new MapExtent(InputConfig.Fit.DIRECT, 1, 1);

  /**
   * Cells, from the first one on, that an image covers; may be a fraction.
   *
   * @param rows more than the map's last but one, at most all of it
   */
  public record Covered(double rows, double columns) {}

  static MapExtent of(InputConfig input) {
    return input.resize() == InputConfig.Fit.DIRECT
        ? EXACT
        : new MapExtent(input.resize(), input.height(), input.width());
  }

  /** Whether maps span their images exactly, whatever these's sizes. */
  public boolean isExact() {
    return resize == InputConfig.Fit.DIRECT;
  }

  /**
   * Of a cached map [·, rows, columns]. One of its axes is covered whole and tells how wide a cell
   * is; cells are as tall as they are wide.
   *
   * @param imageWidth of what the teacher saw: of a view that is turned, the turned image's
   */
  public Covered covered(int rows, int columns, int imageWidth, int imageHeight) {
    InputFrame frame = InputFrame.of(resize, inputHeight, inputWidth, imageWidth, imageHeight);
    return new Covered(
        frame.height() < inputHeight
            ? withinLast((double) frame.height() * columns / inputWidth, rows)
            : rows,
        frame.width() < inputWidth
            ? withinLast((double) frame.width() * rows / inputHeight, columns)
            : columns);
  }

  /** A network whose cells are no squares leaves the last one in doubt: it then counts whole. */
  private static double withinLast(double covered, int stored) {
    return covered > stored - 1 && covered < stored ? covered : stored;
  }
}
