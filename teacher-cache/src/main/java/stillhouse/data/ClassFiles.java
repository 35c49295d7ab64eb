package stillhouse.data;

import java.util.List;

/**
 * A binary PNG an image and class: {@code CLASS/NAME.png}, or {@code NAME_CLASS.png} where the
 * folder has no folder of a class.
 *
 * @param classes the data set's
 */
record ClassFiles(List<String> classes, Overlap overlap) implements Layout {
  @Override
  public FileNames imageNames() {
    return new FileNames.Flat();
  }

  @Override
  public List<LabelFolder> labelFolders(String place) {
    return List.of(
        new LabelFolder(place, IndexMasks.ENDINGS, List.of(), new FileNames.OfClass(classes)));
  }

  @Override
  public String labelsOf(String image) {
    return FileNames.withoutEnding(image) + "_" + classes.get(0) + ".png";
  }

  @Override
  public LabelReader reader(DatasetConfig config) {
    return new ClassFileReader(config.ignore(), overlap);
  }
}
