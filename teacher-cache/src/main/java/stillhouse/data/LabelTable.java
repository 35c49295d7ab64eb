package stillhouse.data;

import java.io.Serializable;
import java.util.SortedMap;

/**
 * The class of a label's or category's name.
 *
 * @param classes 1…K, 0 background or {@link ClassMask#IGNORE}, by name
 * @param others what any other name is
 */
record LabelTable(SortedMap<String, Integer> classes, Layout.Others others)
    implements Serializable {
  /** Stands for no class, and the data set refuses those. */
  static final int REFUSED = -1;

  int classOf(String name) {
    Integer known = name == null ? null : classes.get(name);
    if (known != null) {
      return known;
    }
    return switch (others) {
      case REFUSE -> REFUSED;
      case IGNORE -> ClassMask.IGNORE;
      case BACKGROUND -> 0;
    };
  }

  /**
   * @param name what the file calls it
   */
  static UnreadableImageException noClass(String name) {
    return new UnreadableImageException(
        "mask-values",
        "'"
            + LabelJson.brief(name)
            + "' is no class; name it in the source's labels: or set others: ignore or background");
  }
}
