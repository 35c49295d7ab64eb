package stillhouse.teacher;

import java.util.Optional;
import stillhouse.data.ClassMask;

/** Labels that are drawn in a test's text, and images whose pixels must not matter. */
final class LabelledImages {
  private LabelledImages() {}

  /** An image that fails the test where its pixels are read. */
  static PromptedImage image(int width, int height, Optional<ClassMask> labels) {
    return new PromptedImage(
        width,
        height,
        labels,
        () -> {
          throw new AssertionError("The plan looked at the pixels");
        });
  }

  /** A dot is background, x ignored, a digit a class. */
  static ClassMask mask(String... rows) {
    String all = String.join("", rows);
    byte[] classes = new byte[all.length()];
    for (int i = 0; i < classes.length; i++) {
      char c = all.charAt(i);
      classes[i] = (byte) (c == '.' ? 0 : c == 'x' ? ClassMask.IGNORE : c - '0');
    }
    return new ClassMask(rows[0].length(), rows.length, classes);
  }
}
