package stillhouse.predict;

import java.util.Iterator;
import java.util.Optional;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import stillhouse.data.ClassMask;
import stillhouse.data.ImageCodec;
import stillhouse.data.ImageSource;
import stillhouse.data.RgbImage;
import stillhouse.data.Samples;
import stillhouse.metrics.MaskCounter;
import stillhouse.teacher.PromptedImage;
import stillhouse.tensor.FloatTensor;

/** Counts both answers about the images of one partition, as they stream by. */
final class CascadeScorer implements Iterator<Row> {
  private static final Uncertainty[] READINGS = Uncertainty.values();

  private final Segmenter student;
  private final CascadeTeacher teacher;
  private final ImageSource images;
  private final Iterator<Row> rows;
  private final MaskCounter counter;

  private CascadeScorer(
      int classes,
      Segmenter student,
      CascadeTeacher teacher,
      ImageSource images,
      Iterator<Row> rows) {
    this.student = student;
    this.teacher = teacher;
    this.images = images;
    this.rows = rows;
    this.counter = new MaskCounter(classes);
  }

  /** With the JVM's segmenter, which the task holds until it ends. */
  static CascadeScorer of(
      Cascade cascade,
      SegmenterSource source,
      CascadeTeacher teacher,
      ImageSource images,
      Iterator<Row> rows) {
    return new CascadeScorer(
        cascade.classNames().size(),
        SegmenterPool.ofTask(source, cascade.classNames()),
        teacher,
        images,
        rows);
  }

  @Override
  public boolean hasNext() {
    return rows.hasNext();
  }

  @Override
  public Row next() {
    Row row = rows.next();
    return OfSample.work("score", row, () -> scored(row));
  }

  private Row scored(Row row) {
    RgbImage image = Scorer.read(images, row);
    ClassMask label = ImageCodec.decodeMask(row.getAs(Samples.MASK));
    FloatTensor logits = student.logits(image);
    ClassMask says = Masks.fromLogits(logits, image.width(), image.height());
    ClassMask taught =
        Masks.fromLogits(teacher.answers().logits(row), image.width(), image.height());
    Object[] values = new Object[READINGS.length + 4];
    values[0] = row.getAs(Samples.SAMPLE_ID);
    for (int u = 0; u < READINGS.length; u++) {
      values[1 + u] = READINGS[u].of(logits, says, image);
    }
    values[READINGS.length + 1] = Scorer.count(counter, says, label, row).toArray();
    values[READINGS.length + 2] = Scorer.count(counter, taught, label, row).toArray();
    values[READINGS.length + 3] = teacher.prompts().of(prompted(image, label));
    return RowFactory.create(values);
  }

  private static PromptedImage prompted(RgbImage image, ClassMask label) {
    return new PromptedImage(image.width(), image.height(), Optional.of(label), () -> image);
  }
}
