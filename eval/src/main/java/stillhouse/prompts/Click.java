package stillhouse.prompts;

import stillhouse.teacher.Prompt;

/**
 * A pixel that a person would click on.
 *
 * @param foreground whether it says "this belongs to the object", else "this does not"
 */
public record Click(int x, int y, boolean foreground) {
  /** In the middle of the pixel. */
  public Prompt.Point point(int classId) {
    return new Prompt.Point(classId, x + 0.5f, y + 0.5f, foreground);
  }
}
