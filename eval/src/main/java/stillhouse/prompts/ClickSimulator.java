package stillhouse.prompts;

import java.util.Optional;
import stillhouse.data.ClassMask;

/**
 * Where somebody who sees what is wrong would click next: in the middle of the largest error. That
 * is the wrong pixel farthest from the edge of its region, of missed pixels (a foreground click)
 * and of falsely found ones (a background click) alike; so of two errors the one into which the
 * larger disc fits counts as the larger. Distances are Euclidean and exact, and what lies outside
 * the image is no error. Of equal distances a background click is made before a foreground one, of
 * equal pixels the first, row by row.
 *
 * <p>Source: Sofiiuk et al., "Reviving Iterative Training with Mask Guidance for Interactive
 * Segmentation" (RITM, 2021), by its published clicker, which SAM 2's evaluation takes over as
 * "sample from the error's centre"; the first click, on an empty prediction, is SAM's centre point
 * (Kirillov et al., "Segment Anything", 2023, section 7.1). Departure: a pixel that was clicked
 * before and is wrong still is clicked again, as SAM 2's does and RITM's does not.
 *
 * <p>Not thread-safe: one a thread.
 */
public final class ClickSimulator {
  private static final byte RIGHT = 0;
  private static final byte MISSED = 1;
  private static final byte FALSE = 2;

  private final InteriorDistance distance = new InteriorDistance();
  private byte[] errors = new byte[0];

  /** The click into an object of which nothing is found yet; empty where there is no object. */
  public Optional<Click> first(ClassMask truth) {
    return next(
        truth, new ClassMask(truth.width(), truth.height(), new byte[truth.classes().length]));
  }

  /**
   * Labels other than 0 are the object; pixels that either mask ignores are right.
   *
   * @return empty where the prediction is right everywhere
   * @throws IllegalArgumentException where the sizes differ
   */
  public Optional<Click> next(ClassMask truth, ClassMask predicted) {
    int width = truth.width();
    if (predicted.width() != width || predicted.height() != truth.height()) {
      throw new IllegalArgumentException(
          "Invalid masks: truth of %d×%d, prediction of %d×%d (must be of one size)"
              .formatted(width, truth.height(), predicted.width(), predicted.height()));
    }
    compare(truth.classes(), predicted.classes());
    InteriorDistance.Deepest missed = distance.deepest(errors, MISSED, width, truth.height());
    InteriorDistance.Deepest wrong = distance.deepest(errors, FALSE, width, truth.height());
    boolean foreground = missed.squared() > wrong.squared();
    InteriorDistance.Deepest deepest = foreground ? missed : wrong;
    return deepest.squared() == 0
        ? Optional.empty()
        : Optional.of(new Click(deepest.pixel() % width, deepest.pixel() / width, foreground));
  }

  private void compare(byte[] truth, byte[] predicted) {
    if (errors.length < truth.length) {
      errors = new byte[truth.length];
    }
    for (int i = 0; i < truth.length; i++) {
      boolean ignored =
          truth[i] == (byte) ClassMask.IGNORE || predicted[i] == (byte) ClassMask.IGNORE;
      boolean right = ignored || (truth[i] == 0) == (predicted[i] == 0);
      errors[i] = right ? RIGHT : truth[i] != 0 ? MISSED : FALSE;
    }
  }
}
