package stillhouse.data;

import java.util.BitSet;
import java.util.SortedMap;
import java.util.TreeMap;
import org.apache.spark.sql.Row;

/** A PNG whose values are looked up in a table of classes. */
record IndexMaskReader(byte[] classOf, boolean[] known, String meaning) implements LabelReader {
  private static final int VALUES = 256;

  static IndexMaskReader of(DatasetConfig config, IndexMasks layout) {
    SortedMap<Integer, Integer> values = layout.values().orElseGet(() -> asTheyStand(config));
    byte[] classOf = new byte[VALUES];
    boolean[] known = new boolean[VALUES];
    for (int value = 0; value < VALUES; value++) {
      known[value] = values.containsKey(value) || layout.others() != Layout.Others.REFUSE;
      int other = layout.others() == Layout.Others.IGNORE ? ClassMask.IGNORE : 0;
      classOf[value] = (byte) values.getOrDefault(value, other).intValue();
    }
    String meaning =
        layout.values().isPresent()
            ? "values: has " + layout.values().get().keySet()
            : "0 background, 1…%d %s, %d ignored"
                .formatted(
                    config.classes().size(), String.join(", ", config.classes()), config.ignore());
    return new IndexMaskReader(classOf, known, meaning);
  }

  private static SortedMap<Integer, Integer> asTheyStand(DatasetConfig config) {
    SortedMap<Integer, Integer> values = new TreeMap<>(new ClassNames(config.classes()).ordinals());
    values.put(0, 0);
    values.put(config.ignore(), ClassMask.IGNORE);
    return values;
  }

  @Override
  public Labels read(Row listed, LabelFrame frame, ListedFiles files) {
    String uri = listed.getAs(SourceListing.MASK_URI);
    byte[] bytes = files.readLabels(uri, listed.<Long>getAs(Samples.MASK_LENGTH));
    ClassMask mask = decode(uri, bytes, frame.picture().pixels());
    relabel(mask);
    return new Labels(mask, 0);
  }

  /**
   * A mask PNG; what is wrong with it is told as a mask's, with the file's name.
   *
   * @param mostPixels of its image
   */
  static ClassMask decode(String uri, byte[] bytes, long mostPixels) {
    try {
      return ImageCodec.decodeMask(bytes, mostPixels);
    } catch (UnreadableImageException e) {
      String reason = e.reason().startsWith("mask-") ? e.reason() : "mask-" + e.reason();
      throw new UnreadableImageException(reason, uri + ": " + e.detail(), e);
    }
  }

  private void relabel(ClassMask mask) {
    BitSet unknown = new BitSet();
    byte[] pixels = mask.classes();
    for (int i = 0; i < pixels.length; i++) {
      int value = pixels[i] & 0xff;
      pixels[i] = classOf[value];
      if (!known[value]) {
        unknown.set(value);
      }
    }
    if (!unknown.isEmpty()) {
      throw new UnreadableImageException(
          "mask-values", "values " + unknown + " are no class (" + meaning + ")");
    }
  }
}
