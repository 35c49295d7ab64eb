package stillhouse.data;

import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import stillhouse.conf.ConfigException;

/** What the values of Cityscapes' {@code labelIds} masks stand for. */
final class Cityscapes {
  /** By value, 0…33: the names of the data set's own label table. */
  static final List<String> LABELS =
      List.of(
          "unlabeled",
          "ego vehicle",
          "rectification border",
          "out of roi",
          "static",
          "dynamic",
          "ground",
          "road",
          "sidewalk",
          "parking",
          "rail track",
          "building",
          "wall",
          "fence",
          "guard rail",
          "bridge",
          "tunnel",
          "pole",
          "polegroup",
          "traffic light",
          "traffic sign",
          "vegetation",
          "terrain",
          "sky",
          "person",
          "rider",
          "car",
          "truck",
          "bus",
          "caravan",
          "trailer",
          "train",
          "motorcycle",
          "bicycle");

  static final String IMAGE = "_leftImg8bit";
  static final String MASK = "_gtFine_labelIds";

  /** The other files of a frame, in lower case. */
  static final List<String> BESIDE_MASKS =
      List.of("_color.png", "_instanceids.png", "_labeltrainids.png", "_polygons.json");

  /** City and sequence of {@code CITY_SEQUENCE_FRAME…}: frames of one drive share a split. */
  static final String GROUP = "^(.+_\\d{6})_\\d{6}_";

  private Cityscapes() {}

  /**
   * The class of each value, by name.
   *
   * @throws ConfigException where a class is none of the labels
   */
  static SortedMap<Integer, Integer> values(ClassNames classes) {
    SortedMap<Integer, Integer> values = new TreeMap<>();
    for (String name : classes.names()) {
      int value = LABELS.indexOf(name);
      if (value < 0) {
        throw new ConfigException(
            "Invalid classes: '%s' is no label of Cityscapes (they are: %s); say with values: which mask values it has"
                .formatted(name, String.join(", ", LABELS)));
      }
      values.put(value, classes.index("classes", name));
    }
    return values;
  }
}
