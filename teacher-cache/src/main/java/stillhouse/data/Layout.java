package stillhouse.data;

import com.fasterxml.jackson.annotation.JsonProperty;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * How a source's labels lie beside its images, and which class each of them is. A class is 1…K, 0
 * is background and {@link ClassMask#IGNORE} counts nowhere. A layout's {@code toString} is part of
 * what its rows were made with.
 */
sealed interface Layout permits IndexMasks, ClassFiles, Labelme, Coco, Sa1b {
  /** An 8-bit PNG an image, named alike, its values as the data set's classes stand. */
  Layout DEFAULT = new IndexMasks(IndexMasks.Tree.FLAT, Optional.empty(), Others.REFUSE);

  FileNames imageNames();

  /** Endings of files that lie among the images and are none, and need no word. */
  default List<String> besideImages() {
    return List.of();
  }

  /** Found in an image's name, its group 1 is the group, where the data set has no pattern. */
  default Optional<Pattern> groupPattern() {
    return Optional.empty();
  }

  /**
   * None where the labels are no files of their own.
   *
   * @param place where the source's labels are
   */
  List<LabelFolder> labelFolders(String place);

  /** What the labels of an image would be called, by the name of the image's file. */
  String labelsOf(String image);

  LabelReader reader(DatasetConfig config);

  /**
   * @param endings of the label files' names, in lower case
   * @param beside endings of files that need no word
   */
  record LabelFolder(String path, List<String> endings, List<String> beside, FileNames names) {}

  /** What becomes of a value, label or category that stands for no class. */
  enum Others {
    /** The image goes to quarantine, or, where a file declares them, ingest ends. */
    @JsonProperty("refuse")
    REFUSE,
    @JsonProperty("ignore")
    IGNORE,
    /** Painted nowhere; what is painted otherwise stays. */
    @JsonProperty("background")
    BACKGROUND
  }

  /** What becomes of pixels that two classes claim. */
  enum Overlap {
    /** The later shape of the file, or the later class of {@code classes}, wins. */
    @JsonProperty("last")
    LAST,
    @JsonProperty("ignore")
    IGNORE,
    /** The image goes to quarantine. */
    @JsonProperty("refuse")
    REFUSE
  }

  /** What becomes of COCO's {@code iscrowd} regions. */
  enum Crowd {
    /** Ignored where no other annotation is. */
    @JsonProperty("ignore")
    IGNORE,
    /** As any other annotation of its category. */
    @JsonProperty("class")
    CLASS,
    /** Painted nowhere. */
    @JsonProperty("drop")
    DROP
  }

  /** What becomes of shapes without an area: lines, points, boxes without a segmentation. */
  enum OtherShapes {
    /** The image goes to quarantine. */
    @JsonProperty("refuse")
    REFUSE,
    /** Counted, and painted nowhere. */
    @JsonProperty("skip")
    SKIP
  }
}
