package stillhouse.data;

import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.apache.spark.sql.Row;

/** Paints an image's annotations in the order of their file. */
record CocoReader(Layout.Overlap overlap, Layout.Crowd crowd, Layout.OtherShapes otherShapes)
    implements LabelReader {
  @Override
  public Labels read(Row listed, LabelFrame frame, ListedFiles files) {
    List<Row> parts = LabelParts.of(listed);
    LabelFrame.Size size = size(listed.getAs(LabelParts.COLUMN), parts, frame);
    Painter painter = new Painter(size.width(), size.height(), overlap);
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

  /** The file's, or where it has none and the image is turned, that of its run lengths. */
  private LabelFrame.Size size(Row labels, List<Row> parts, LabelFrame frame) {
    Integer width = labels.getAs(LabelParts.WIDTH);
    Integer height = labels.getAs(LabelParts.HEIGHT);
    if (width == null && height == null && frame.isTurned()) {
      Optional<RunLengths> sized = parts.stream().flatMap(this::runLengths).findFirst();
      if (sized.isPresent()) {
        return sized.get().sizeIn(frame);
      }
    }
    return frame.sizeOf(
        width == null ? 0 : width,
        height == null ? 0 : height,
        "the annotations' file says %s×%s, the image is %s"
            .formatted(width, height, frame.upright()));
  }

  private Stream<RunLengths> runLengths(Row part) {
    return shapes(part).stream()
        .flatMap(shape -> shape instanceof RunLengths runs ? Stream.of(runs) : Stream.empty());
  }
}
