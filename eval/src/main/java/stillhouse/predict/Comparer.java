package stillhouse.predict;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import stillhouse.data.ClassMask;
import stillhouse.data.ImageCodec;
import stillhouse.data.ImageSource;
import stillhouse.data.RgbImage;
import stillhouse.data.Samples;
import stillhouse.metrics.ClassCounts;
import stillhouse.metrics.MaskCounter;
import stillhouse.metrics.Metric;
import stillhouse.tensor.FloatTensor;

/** Compares the samples of one partition, as they stream by. */
final class Comparer implements Iterator<Row> {
  private final Disagreement terms;
  private final Segmenter student;
  private final RowLogits teacher;
  private final ImageSource images;
  private final Iterator<Row> rows;
  private final MaskCounter counter;

  private Comparer(
      Disagreement terms,
      Segmenter student,
      RowLogits teacher,
      ImageSource images,
      Iterator<Row> rows) {
    this.terms = terms;
    this.student = student;
    this.teacher = teacher;
    this.images = images;
    this.rows = rows;
    this.counter = new MaskCounter(terms.classNames().size());
  }

  /** With the JVM's segmenter, which the task holds until it ends. */
  static Comparer of(
      Disagreement terms,
      SegmenterSource source,
      RowLogits teacher,
      ImageSource images,
      Iterator<Row> rows) {
    return new Comparer(
        terms, SegmenterPool.ofTask(source, terms.classNames()), teacher, images, rows);
  }

  @Override
  public boolean hasNext() {
    return rows.hasNext();
  }

  @Override
  public Row next() {
    Row row = rows.next();
    return OfSample.work("compare", row, () -> compared(row));
  }

  private Row compared(Row row) {
    RgbImage image = Scorer.read(images, row);
    Optional<ClassMask> label =
        Optional.<byte[]>ofNullable(row.getAs(Samples.MASK)).map(ImageCodec::decodeMask);
    FloatTensor logits = student.logits(image);
    ClassMask says = Masks.fromLogits(logits, image.width(), image.height());
    ClassMask taught = Masks.fromLogits(teacher.logits(row), image.width(), image.height());
    ClassMask counted = label.map(l -> ignoring(taught, l)).orElse(taught);
    ClassCounts both = counter.count(says, counted);
    Optional<ClassCounts> ofStudent = label.map(l -> counter.count(says, l));
    Optional<ClassCounts> ofTeacher = label.map(l -> counter.count(taught, l));
    Reading reading = terms.reading().of(label.isPresent());
    double disagreement = reading.disagreement(mean(both), mean(ofStudent), mean(ofTeacher));
    return RowFactory.create(
        row.getAs(Samples.SAMPLE_ID),
        row.getAs(Samples.GROUP_ID),
        row.getAs(Samples.IMAGE_URI),
        row.getAs(Samples.TILE),
        row.getAs(Samples.CONTENT_SHA256),
        row.getAs(Samples.MASK_SHA256),
        shown(ofTeacher.orElse(both)),
        mean(both),
        boxed(mean(ofStudent)),
        boxed(mean(ofTeacher)),
        each(both),
        ofStudent.map(Comparer::each).orElse(null),
        ofTeacher.map(Comparer::each).orElse(null),
        Entropy.mean(logits),
        disagreement,
        reading.word(),
        disagreement > reading.limit(terms.threshold()));
  }

  /** The teacher's mask without the pixels that the label ignores. */
  private static ClassMask ignoring(ClassMask mask, ClassMask label) {
    byte[] classes = mask.classes().clone();
    for (int i = 0; i < classes.length; i++) {
      if (label.classes()[i] == (byte) ClassMask.IGNORE) {
        classes[i] = (byte) ClassMask.IGNORE;
      }
    }
    return new ClassMask(mask.width(), mask.height(), classes);
  }

  /** The classes of what the counts call actual: the label, or where there is none the teacher. */
  private static Integer[] shown(ClassCounts counts) {
    List<Integer> shown = new ArrayList<>();
    for (int c = 1; c <= counts.classes(); c++) {
      if (counts.area(c).actual() > 0) {
        shown.add(c);
      }
    }
    return shown.toArray(Integer[]::new);
  }

  private static double mean(ClassCounts counts) {
    return counts.mean(Metric.IOU).orElse(1);
  }

  private static OptionalDouble mean(Optional<ClassCounts> counts) {
    return counts.map(c -> OptionalDouble.of(mean(c))).orElseGet(OptionalDouble::empty);
  }

  private static Double boxed(OptionalDouble value) {
    return value.isPresent() ? value.getAsDouble() : null;
  }

  /** [K], null for a class that neither mask shows. */
  private static Double[] each(ClassCounts counts) {
    Double[] each = new Double[counts.classes()];
    for (int c = 1; c <= each.length; c++) {
      each[c - 1] = boxed(counts.value(Metric.IOU, c));
    }
    return each;
  }
}
