package stillhouse.data;

import java.util.BitSet;
import java.util.List;
import org.apache.spark.sql.Row;

/**
 * Lays the class files of an image over each other, in the order of the classes. In a file 0 is not
 * the class and one other value, whichever, is; the data set's {@code ignore} is ignored where it
 * isn't 255, which binary masks are written with. A pixel that one file ignores is ignored,
 * whatever the others say of it.
 */
record ClassFileReader(int ignore, Layout.Overlap overlap) implements LabelReader {
  @Override
  public Labels read(Row listed, LabelFrame frame, ListedFiles files) {
    List<Row> parts = LabelParts.of(listed);
    ClassMask first = mask(parts.get(0), files, frame);
    LabelFrame.Size size =
        frame.sizeOf(
            first.width(), first.height(), otherSize(parts.get(0), first, frame.upright()));
    Painter painter = new Painter(size.width(), size.height(), overlap);
    BitSet ignored = new BitSet();
    paint(parts.get(0), first, painter, ignored);
    for (Row part : parts.subList(1, parts.size())) {
      ClassMask mask = mask(part, files, frame);
      if (mask.width() != size.width() || mask.height() != size.height()) {
        throw new UnreadableImageException("mask-size", otherSize(part, mask, size));
      }
      paint(part, mask, painter, ignored);
    }
    painter.ignore(ignored);
    return new Labels(painter.mask(), 0);
  }

  private static ClassMask mask(Row part, ListedFiles files, LabelFrame frame) {
    String uri = part.getAs(LabelParts.URI);
    byte[] bytes = files.readLabels(uri, part.<Long>getAs(LabelParts.LENGTH));
    return IndexMaskReader.decode(uri, bytes, frame.picture().pixels());
  }

  private void paint(Row part, ClassMask mask, Painter painter, BitSet ignored) {
    int label = part.getAs(LabelParts.CLASS);
    int on = 0;
    byte[] pixels = mask.classes();
    for (int i = 0; i < pixels.length; i++) {
      int value = pixels[i] & 0xff;
      if (value == 0) {
        continue;
      }
      if (value == ignore && ignore != ClassMask.IGNORE) {
        ignored.set(i);
        continue;
      }
      if (on != 0 && value != on) {
        throw new UnreadableImageException(
            "mask-values",
            "%s: values %d and %d beside 0 (a class file has one)"
                .formatted(part.getAs(LabelParts.URI), on, value));
      }
      on = value;
      painter.pixel(i, label);
    }
  }

  private static String otherSize(Row part, ClassMask mask, LabelFrame.Size image) {
    return "%s is %s, its image %s"
        .formatted(part.getAs(LabelParts.URI), ImageCodec.size(mask.width(), mask.height()), image);
  }
}
