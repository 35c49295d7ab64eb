package stillhouse.data;

import java.util.List;

/**
 * A JSON of labelme's an image, named alike, in a folder of its own or among the images.
 *
 * @param otherShapes lines, points and masks
 */
record Labelme(LabelTable labels, Overlap overlap, OtherShapes otherShapes) implements Layout {
  static final List<String> ENDINGS = List.of(".json");

  @Override
  public FileNames imageNames() {
    return new FileNames.Flat();
  }

  @Override
  public List<String> besideImages() {
    return ENDINGS;
  }

  @Override
  public List<LabelFolder> labelFolders(String place) {
    return List.of(new LabelFolder(place, ENDINGS, SourceListing.IMAGES, new FileNames.Flat()));
  }

  @Override
  public String labelsOf(String image) {
    return FileNames.withoutEnding(image) + ".json";
  }

  @Override
  public LabelReader reader(DatasetConfig config) {
    return new LabelmeReader(this);
  }
}
