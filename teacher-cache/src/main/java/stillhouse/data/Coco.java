package stillhouse.data;

import java.util.List;

/**
 * One JSON a source, with {@code images}, {@code annotations} and {@code categories}; a file name
 * in it is a path from the source's image folder.
 */
record Coco(LabelTable categories, Overlap overlap, Crowd crowd, OtherShapes otherShapes)
    implements Layout {
  @Override
  public FileNames imageNames() {
    return new FileNames.Whole();
  }

  @Override
  public List<String> besideImages() {
    return Labelme.ENDINGS;
  }

  @Override
  public List<LabelFolder> labelFolders(String place) {
    return List.of();
  }

  @Override
  public String labelsOf(String image) {
    return image;
  }

  @Override
  public LabelReader reader(DatasetConfig config) {
    return new CocoReader(overlap, crowd, otherShapes);
  }
}
