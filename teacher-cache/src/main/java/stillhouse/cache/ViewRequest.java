package stillhouse.cache;

import java.io.Serializable;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import stillhouse.data.View;
import stillhouse.identity.Fingerprint;

/**
 * What a training view is made for.
 *
 * @param classes names of the foreground classes 1…K, in order
 * @param height of the student's input, pixels
 * @param width of the student's input, pixels
 * @param gridHeight of the alignment grid, cells
 * @param gridWidth of the alignment grid, cells
 * @param logitsHeight of the soft target, pixels
 * @param logitsWidth of the soft target, pixels
 * @param projectionDimensions principal directions kept beside the view; all C where the teacher's
 *     embedding has fewer channels
 * @param rowsPerGroup samples in a Parquet row group; 0 lets the view choose, see {@link
 *     ViewLayout}
 * @param views in which each training sample is held, a row each; the other splits' samples have
 *     one row, as they are
 * @param provenance what else decides the rows' bytes, by name: digests of the teacher, of its
 *     prompts, of the structure operator, of the composition
 */
public record ViewRequest(
    List<String> classes,
    int height,
    int width,
    int gridHeight,
    int gridWidth,
    int logitsHeight,
    int logitsWidth,
    int projectionDimensions,
    int rowsPerGroup,
    List<View> views,
    Map<String, String> provenance)
    implements Serializable {
  public ViewRequest {
    classes = List.copyOf(classes);
    views = View.ordered(views);
    provenance = Map.copyOf(provenance);
    if (classes.isEmpty() || classes.size() > 254) {
      throw new IllegalArgumentException(
          "Invalid classes of a view: " + classes.size() + " (must be 1…254)");
    }
    positive("height", height);
    positive("width", width);
    positive("gridHeight", gridHeight);
    positive("gridWidth", gridWidth);
    positive("logitsHeight", logitsHeight);
    positive("logitsWidth", logitsWidth);
    positive("projectionDimensions", projectionDimensions);
    if (views.isEmpty()) {
      throw new IllegalArgumentException("Invalid views of a training view: none (name one)");
    }
    if (rowsPerGroup < 0) {
      throw new IllegalArgumentException(
          "Invalid rowsPerGroup: " + rowsPerGroup + " (must be >= 1, or 0 to let the view choose)");
    }
  }

  /** Of the images as they are. */
  public ViewRequest(
      List<String> classes,
      int height,
      int width,
      int gridHeight,
      int gridWidth,
      int logitsHeight,
      int logitsWidth,
      int projectionDimensions,
      int rowsPerGroup,
      Map<String, String> provenance) {
    this(
        classes,
        height,
        width,
        gridHeight,
        gridWidth,
        logitsHeight,
        logitsWidth,
        projectionDimensions,
        rowsPerGroup,
        View.ONLY_IDENTITY,
        provenance);
  }

  /** Whether every row is of an image as it is: rows then say nothing of views. */
  boolean plain() {
    return views.equals(View.ONLY_IDENTITY);
  }

  SortedMap<String, String> sortedProvenance() {
    return new TreeMap<>(provenance);
  }

  /** The request's own part of the view's identity. */
  Fingerprint fingerprint() {
    Fingerprint print =
        Fingerprint.of("training view 1")
            .add("classes", String.join("\n", classes))
            .add("input", height + "×" + width)
            .add("grid", gridHeight + "×" + gridWidth)
            .add("logits", logitsHeight + "×" + logitsWidth)
            .add("projection", projectionDimensions)
            .add("rows per group", rowsPerGroup);
    if (!plain()) {
      print.add("views", views);
    }
    sortedProvenance().forEach(print::add);
    return print;
  }

  private static void positive(String name, int value) {
    if (value < 1) {
      throw new IllegalArgumentException("Invalid " + name + ": " + value + " (must be >= 1)");
    }
  }
}
