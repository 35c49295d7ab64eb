package stillhouse.data;

import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.regex.Pattern;

/**
 * An 8-bit PNG an image, its values looked up.
 *
 * @param values class of a mask's value, a value that is not there being one of the others; none
 *     where the values are 0, 1…K and the data set's {@code ignore}
 */
record IndexMasks(Tree tree, Optional<SortedMap<Integer, Integer>> values, Others others)
    implements Layout {
  static final List<String> ENDINGS = List.of(".png");

  /** Where the masks lie. */
  enum Tree {
    /** Folders without folders in them; an image and its mask share their base name. */
    FLAT,
    /** {@code CITY/…_leftImg8bit.png} and {@code CITY/…_gtFine_labelIds.png}. */
    CITYSCAPES
  }

  @Override
  public FileNames imageNames() {
    return names(Cityscapes.IMAGE);
  }

  @Override
  public Optional<Pattern> groupPattern() {
    return switch (tree) {
      case FLAT -> Optional.empty();
      case CITYSCAPES -> Optional.of(Pattern.compile(Cityscapes.GROUP));
    };
  }

  @Override
  public List<LabelFolder> labelFolders(String place) {
    return List.of(new LabelFolder(place, ENDINGS, beside(), names(Cityscapes.MASK)));
  }

  @Override
  public String labelsOf(String image) {
    String name = FileNames.withoutEnding(image);
    return switch (tree) {
      case FLAT -> name + ".png";
      case CITYSCAPES -> name.replace(Cityscapes.IMAGE, Cityscapes.MASK) + ".png";
    };
  }

  @Override
  public LabelReader reader(DatasetConfig config) {
    return IndexMaskReader.of(config, this);
  }

  private List<String> beside() {
    return switch (tree) {
      case FLAT -> List.of();
      case CITYSCAPES -> Cityscapes.BESIDE_MASKS;
    };
  }

  private FileNames names(String suffix) {
    return switch (tree) {
      case FLAT -> new FileNames.Flat();
      case CITYSCAPES -> new FileNames.Suffixed(suffix);
    };
  }
}
