package stillhouse.cache;

import java.util.List;
import java.util.SortedMap;
import stillhouse.data.Split;
import stillhouse.data.View;

/**
 * What a training view holds: the content of its {@code view.json}.
 *
 * @param digest identity of the view: of its request and of the rows that went in
 * @param classes names of the foreground classes 1…K
 * @param height of {@code pixels} and {@code mask}
 * @param width of {@code pixels} and {@code mask}
 * @param channels C of {@code embedding}; 0 for a view of labels alone, whose {@code embedding},
 *     {@code structure} and {@code logits} are empty
 * @param logitsHeight of {@code logits}; 0 where the teacher gives none and they are empty
 * @param logitsWidth of {@code logits}; 0 where the teacher gives none and they are empty
 * @param rowsPerGroup rows in every row group but a file's last
 * @param rows per split
 * @param views of split train: each of its samples has a row in each, in this order, the rows of a
 *     sample together; a view.json that does not say has the images as they are
 * @param provenance what made the rows, by name
 * @param data folder of the rows; {@code data} in a view.json that does not say
 * @param files in the order that a sample order counts their row groups in
 */
public record ViewInfo(
    String digest,
    List<String> classes,
    int height,
    int width,
    int channels,
    int gridHeight,
    int gridWidth,
    int logitsHeight,
    int logitsWidth,
    int rowsPerGroup,
    SortedMap<String, Long> rows,
    List<View> views,
    SortedMap<String, String> provenance,
    String data,
    List<ViewFile> files) {
  public ViewInfo {
    views = views == null ? View.ONLY_IDENTITY : List.copyOf(views);
    data = data == null ? ViewFiles.DATA : data;
  }

  /**
   * @param path below the view's folder
   * @param rowGroups rows of each row group
   */
  public record ViewFile(String path, String split, int[] rowGroups) {}

  /** Whether the rows hold a teacher's answers. */
  public boolean hasTeacher() {
    return channels > 0;
  }

  /** Whether the rows hold a teacher's logits. */
  public boolean hasLogits() {
    return logitsBytes() > 0;
  }

  /** The files of one split. */
  public List<ViewFile> files(String split) {
    return files.stream().filter(f -> f.split().equals(split)).toList();
  }

  /** Rows of one split; 0 where the view has none. */
  public long rows(String split) {
    return rows.getOrDefault(split, 0L);
  }

  /** In which each sample of a split has a row. */
  public List<View> views(String split) {
    return split.equals(Split.TRAIN.label()) ? views : View.ONLY_IDENTITY;
  }

  /** Samples of one split, however many rows each has; 0 where the view has none. */
  public long samples(String split) {
    return rows(split) / views(split).size();
  }

  /** Bytes of one {@code pixels} value: uint8 [height, width, 3]. */
  public int pixelBytes() {
    return 3 * height * width;
  }

  /** Bytes of one {@code mask} value: uint8 [height, width]. */
  public int maskBytes() {
    return height * width;
  }

  /** Bytes of one {@code embedding} value: fp16 [channels, gridHeight, gridWidth]. */
  public int embeddingBytes() {
    return Short.BYTES * channels * gridHeight * gridWidth;
  }

  /** Bytes of one {@code structure} value: fp32 [3, gridHeight, gridWidth]. */
  public int structureBytes() {
    return hasTeacher() ? Float.BYTES * 3 * gridHeight * gridWidth : 0;
  }

  /** Bytes of one {@code logits} value: fp16 [K, logitsHeight, logitsWidth]. */
  public int logitsBytes() {
    return hasTeacher() ? Short.BYTES * classes.size() * logitsHeight * logitsWidth : 0;
  }
}
