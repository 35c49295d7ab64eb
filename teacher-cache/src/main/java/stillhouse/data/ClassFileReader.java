package stillhouse.data;

import org.apache.spark.sql.Row;

/**
 * Lays the class files of an image over each other, in the order of the classes. In a file 0 is not
 * the class and one other value, whichever, is; the data set's {@code ignore} is ignored where it
 * isn't 255, which binary masks are written with.
 */
record ClassFileReader(int ignore, Layout.Overlap overlap) implements LabelReader {
  @Override
  public Labels read(Row listed, int width, int height, ListedFiles files) {
    Painter painter = new Painter(width, height, overlap);
    for (Row part : LabelParts.of(listed)) {
      int label = part.getAs(LabelParts.CLASS);
      String uri = part.getAs(LabelParts.URI);
      ClassMask mask =
          IndexMaskReader.decode(
              uri,
              files.readLabels(uri, part.<Long>getAs(LabelParts.LENGTH)),
              (long) width * height);
      requireSize(uri, mask, width, height);
      paint(uri, mask, label, painter);
    }
    return new Labels(painter.mask(), 0);
  }

  private void paint(String uri, ClassMask mask, int label, Painter painter) {
    int on = 0;
    byte[] pixels = mask.classes();
    for (int i = 0; i < pixels.length; i++) {
      int value = pixels[i] & 0xff;
      if (value == 0) {
        continue;
      }
      if (value == ignore && ignore != ClassMask.IGNORE) {
        painter.pixel(i, ClassMask.IGNORE);
        continue;
      }
      if (on != 0 && value != on) {
        throw new UnreadableImageException(
            "mask-values",
            "%s: values %d and %d beside 0 (a class file has one)".formatted(uri, on, value));
      }
      on = value;
      painter.pixel(i, label);
    }
  }

  private static void requireSize(String uri, ClassMask mask, int width, int height) {
    if (mask.width() != width || mask.height() != height) {
      throw new UnreadableImageException(
          "mask-size",
          "%s is %s, its image %s"
              .formatted(
                  uri,
                  ImageCodec.size(mask.width(), mask.height()),
                  ImageCodec.size(width, height)));
    }
  }
}
