package stillhouse.jobs;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import stillhouse.conf.ConfigException;
import stillhouse.data.ClassMask;

/** Which values a folder's index masks show: how many masks each, and in which first. */
final class MaskValues {
  private static final int NAMED = 3; // gaps, and values above them, that a message has

  private final int[] masks = new int[ClassMask.IGNORE];
  private final String[] first = new String[ClassMask.IGNORE];
  private int read;

  /**
   * @param name of the mask's file
   */
  void add(String name, ClassMask mask) {
    boolean[] shown = new boolean[ClassMask.IGNORE + 1];
    for (byte value : mask.classes()) {
      shown[value & 0xff] = true;
    }
    for (int value = 0; value < ClassMask.IGNORE; value++) {
      if (shown[value]) {
        first[value] = masks[value]++ == 0 ? name : first[value];
      }
    }
    read++;
  }

  /** Masks that were added. */
  int read() {
    return read;
  }

  /** The largest value but for the ignored one, 0 where there is no class. */
  int most() {
    return IntStream.range(0, masks.length).filter(v -> masks[v] > 0).max().orElse(0);
  }

  /**
   * Refuses values between 1 and {@link #most} that no mask has: one stray pixel of 77 would make
   * 77 classes.
   *
   * @throws ConfigException says which values are missing, and which masks have one beyond
   */
  void requireNoGap() {
    int gap = IntStream.rangeClosed(1, most()).filter(v -> masks[v] == 0).findFirst().orElse(0);
    if (gap > 0) {
      throw new ConfigException(
          "Cannot name the classes: %s in no mask, and %s. Where such a value is a mistake, mend the mask (255 is what to ignore). Else name the classes from 1 on, those that no mask shows too, with --classes NAME,NAME; values that don't count up from 1 are named in a YAML of your own by values: {%d: NAME} (docs/datasets.md)"
              .formatted(missing(), above(gap), most()));
    }
  }

  private String missing() {
    List<String> gaps = new ArrayList<>();
    boolean several = false;
    for (int value = 1; value < most(); value++) {
      int end = value;
      while (masks[end] == 0) { // most() ends it
        end++;
      }
      if (end > value) {
        several |= end > value + 1;
        gaps.add(end == value + 1 ? "" + value : value + " to " + (end - 1));
        value = end;
      }
    }
    several |= gaps.size() > 1;
    return (several ? "values " : "value ") + listed(gaps) + (several ? " are" : " is");
  }

  private String above(int gap) {
    return listed(
        IntStream.rangeClosed(gap, most())
            .filter(value -> masks[value] > 0)
            .mapToObj(this::counted)
            .toList());
  }

  private String counted(int value) {
    return "%d is in %d of %d (%s%s)"
        .formatted(value, masks[value], read, masks[value] > 1 ? "such as " : "", first[value]);
  }

  private static String listed(List<String> all) {
    List<String> some = all.subList(0, Math.min(NAMED, all.size()));
    return String.join(", ", some) + (all.size() > NAMED ? ", …" : "");
  }
}
