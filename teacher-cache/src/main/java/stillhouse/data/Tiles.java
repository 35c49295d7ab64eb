package stillhouse.data;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import stillhouse.conf.ConfigException;

/**
 * How large frames are cut into a grid of tiles of one size. A tile starts every side − overlap
 * pixels; the last one of a row or column ends at the frame's edge, so its overlap may be larger. A
 * frame narrower than a tile has tiles of its own width.
 *
 * @param whenLarger frames of more pixels are cut, others are samples as they are
 */
public record Tiles(int height, int width, int overlap, long whenLarger) implements Serializable {
  /** No frame is cut. */
  public static final Tiles NONE = new Tiles(1, 1, 0, Long.MAX_VALUE);

  public Tiles {
    if (overlap < 0 || overlap > Math.min(height, width) / 2) {
      throw new ConfigException(
          "Invalid tiles.overlap: %d (must be 0…%d, half of the smaller side)"
              .formatted(overlap, Math.min(height, width) / 2));
    }
  }

  boolean cuts(int frameWidth, int frameHeight) {
    return (long) frameWidth * frameHeight > whenLarger;
  }

  /**
   * The grid, row by row. Each pixel of the frame is counted in exactly one tile: neighbours part
   * in the middle of what they share (a pixel left over goes to the right, or lower, one).
   */
  List<FramePart> of(int frameWidth, int frameHeight) {
    List<Span> columns = spans(frameWidth, width, overlap);
    List<FramePart> parts = new ArrayList<>();
    for (Span row : spans(frameHeight, height, overlap)) {
      for (Span column : columns) {
        parts.add(
            new FramePart(
                Optional.of(new Tile(column.start, row.start, column.size, row.size)),
                Optional.of(
                    new Tile(column.from, row.from, column.to - column.from, row.to - row.from))));
      }
    }
    return parts;
  }

  /**
   * A tile along one axis.
   *
   * @param from what it counts, {@code to} exclusive
   */
  private record Span(int start, int size, int from, int to) {}

  private static List<Span> spans(int frame, int side, int overlap) {
    int size = Math.min(side, frame);
    List<Integer> starts = new ArrayList<>();
    for (int start = 0; start < frame - size; start += side - overlap) {
      starts.add(start);
    }
    starts.add(frame - size);
    List<Span> spans = new ArrayList<>();
    int from = 0;
    for (int i = 0; i < starts.size(); i++) {
      boolean last = i + 1 == starts.size();
      int to = last ? frame : (starts.get(i) + size + starts.get(i + 1)) / 2;
      spans.add(new Span(starts.get(i), size, from, to));
      from = to;
    }
    return spans;
  }
}
