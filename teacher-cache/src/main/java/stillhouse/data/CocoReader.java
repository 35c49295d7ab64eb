package stillhouse.data;

import java.util.List;
import org.apache.spark.sql.Row;

/** Paints an image's annotations in the order of their file. */
record CocoReader(Layout.Overlap overlap, Layout.Crowd crowd, Layout.OtherShapes otherShapes)
    implements LabelReader {
  @Override
  public Labels read(Row listed, int width, int height, ListedFiles files) {
    requireSize(listed.getAs(LabelParts.COLUMN), width, height);
    Painter painter = new Painter(width, height, overlap);
    List<Row> parts = LabelParts.of(listed);
    long skipped = 0;
    for (Row part : parts) {
      if (!isCrowd(part) && !paint(part, painter)) {
        skipped++;
      }
    }
    for (Row part : parts) {
      if (isCrowd(part)) {
        shapes(part).forEach(painter::ignoreUnder);
      }
    }
    return new Labels(painter.mask(), skipped);
  }

  private boolean isCrowd(Row part) {
    return crowd == Layout.Crowd.IGNORE && part.<Boolean>getAs(LabelParts.CROWD);
  }

  private boolean paint(Row part, Painter painter) {
    int label = part.getAs(LabelParts.CLASS);
    if (label == LabelTable.REFUSED) {
      throw LabelTable.noClass(part.getAs(LabelParts.NAME));
    }
    List<Shape> shapes = shapes(part);
    shapes.forEach(shape -> painter.paint(shape, label));
    return !shapes.isEmpty();
  }

  private List<Shape> shapes(Row part) {
    String problem = part.getAs(LabelParts.PROBLEM);
    if (problem != null) {
      throw new UnreadableImageException("mask-shape", problem);
    }
    String text = part.getAs(LabelParts.TEXT);
    List<Shape> shapes = text == null ? List.of() : LabelJson.value(text, Segmentation::read);
    if (shapes.isEmpty() && otherShapes == Layout.OtherShapes.REFUSE) {
      throw new UnreadableImageException(
          "mask-shape",
          "an annotation of '"
              + LabelJson.brief(part.getAs(LabelParts.NAME))
              + "' has no segmentation (a box alone); set otherShapes: skip to leave such out");
    }
    return shapes;
  }

  private static void requireSize(Row labels, int width, int height) {
    Integer theirWidth = labels.getAs(LabelParts.WIDTH);
    Integer theirHeight = labels.getAs(LabelParts.HEIGHT);
    boolean other =
        (theirWidth != null && theirWidth != width)
            || (theirHeight != null && theirHeight != height);
    if (other) {
      throw new UnreadableImageException(
          "mask-size",
          "the annotations' file says %s×%s, the image is %s"
              .formatted(theirWidth, theirHeight, ImageCodec.size(width, height)));
    }
  }
}
