package stillhouse.data;

import java.util.List;
import java.util.OptionalInt;

/**
 * {@code NAME.json} beside {@code NAME.jpg}, with masks of no class: they are united into the one
 * class that the data set has.
 *
 * @param largest take this many masks, the largest; of equal ones the first
 */
record Sa1b(OptionalInt largest) implements Layout {
  @Override
  public FileNames imageNames() {
    return new FileNames.Flat();
  }

  @Override
  public List<String> besideImages() {
    return Labelme.ENDINGS;
  }

  @Override
  public List<LabelFolder> labelFolders(String place) {
    return List.of(
        new LabelFolder(place, Labelme.ENDINGS, SourceListing.IMAGES, new FileNames.Flat()));
  }

  @Override
  public String labelsOf(String image) {
    return FileNames.withoutEnding(image) + ".json";
  }

  @Override
  public LabelReader reader(DatasetConfig config) {
    return new Sa1bReader(largest.orElse(Integer.MAX_VALUE));
  }
}
