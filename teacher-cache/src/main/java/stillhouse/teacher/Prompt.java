package stillhouse.teacher;

/**
 * A question to a promptable teacher about one object of class {@code classId} (1…K), in pixels of
 * the original image.
 */
public sealed interface Prompt {
  int classId();

  /** Corners x0, y0 (inclusive) to x1, y1 (exclusive). */
  record Box(int classId, float x0, float y0, float x1, float y1) implements Prompt {}

  record Point(int classId, float x, float y, boolean foreground) implements Prompt {}
}
