package stillhouse.jobs;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.functions;
import stillhouse.data.ClassMask;
import stillhouse.data.ImageCodec;
import stillhouse.data.ImageSource;
import stillhouse.data.RgbImage;
import stillhouse.data.Samples;
import stillhouse.predict.Masks;
import stillhouse.predict.RowLogits;
import stillhouse.predict.Segmenter;
import stillhouse.predict.SegmenterSource;
import stillhouse.report.ContactSheet;
import stillhouse.report.Overlay;

/**
 * Pictures of the samples that disagree most, a few on a page, and beside them a CSV file to be
 * filled in with verdicts.
 */
final class ReviewSheets {
  static final String VERDICTS = "verdicts.csv";
  private static final int ROWS = 8; // on a page
  private static final List<String> HEADERS =
      List.of("image", "label", "teacher", "student", "student against teacher");

  private final ImageSource images;
  private final RowLogits teacher;
  private final List<String> classes;

  ReviewSheets(ImageSource images, RowLogits teacher, List<String> classes) {
    this.images = images;
    this.teacher = teacher;
    this.classes = classes;
  }

  /** A page's file, of the sample that is the n-th worst, counted from 0. */
  static String page(int n) {
    return "worst-%02d.png".formatted(n / ROWS + 1);
  }

  /**
   * @param worst of {@link stillhouse.predict.Disagreement#SCHEMA}, in order
   * @param samples the same among others, with mask and answers
   * @param folder made, and its pages written
   */
  void draw(List<Row> worst, Dataset<Row> samples, SegmenterSource source, Path folder) {
    List<String> ids = worst.stream().map(row -> row.<String>getAs(Samples.SAMPLE_ID)).toList();
    Map<String, Row> whole = new HashMap<>();
    for (Row row :
        samples.where(functions.col(Samples.SAMPLE_ID).isin(ids.toArray())).collectAsList()) {
      whole.put(row.getAs(Samples.SAMPLE_ID), row);
    }
    try (Segmenter student = source.open()) {
      Files.createDirectories(folder);
      for (int from = 0; from < worst.size(); from += ROWS) {
        List<ContactSheet.Row> rows = new ArrayList<>();
        for (Row row : worst.subList(from, Math.min(from + ROWS, worst.size()))) {
          rows.add(row(row, whole.get(row.<String>getAs(Samples.SAMPLE_ID)), student));
        }
        Files.write(folder.resolve(page(from)), ContactSheet.png(HEADERS, rows, classes));
      }
      Files.write(folder.resolve(VERDICTS), verdicts(worst));
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot draw the review's pictures to " + folder, e);
    }
  }

  private ContactSheet.Row row(Row compared, Row sample, Segmenter student) {
    RgbImage image = images.read(sample);
    Optional<ClassMask> label =
        Optional.<byte[]>ofNullable(sample.getAs(Samples.MASK)).map(ImageCodec::decodeMask);
    ClassMask says = Masks.fromLogits(student.logits(image), image.width(), image.height());
    ClassMask taught = Masks.fromLogits(teacher.logits(sample), image.width(), image.height());
    return new ContactSheet.Row(
        Pictures.name(sample)
            + ": "
            + ious(compared)
            + "; sample "
            + compared.getAs(Samples.SAMPLE_ID),
        Overlay.disagreement(image, label, taught, says));
  }

  private static String ious(Row compared) {
    String both = "IoU student-teacher " + figure(compared, "iou_student_teacher");
    return compared.isNullAt(compared.fieldIndex("iou_student_label"))
        ? both + ", no label"
        : both
            + ", student-label "
            + figure(compared, "iou_student_label")
            + ", teacher-label "
            + figure(compared, "iou_teacher_label");
  }

  private static String figure(Row compared, String column) {
    return String.format(Locale.ROOT, "%.2f", compared.<Double>getAs(column));
  }

  /** As {@link VerdictFile} reads it once verdicts are filled in; a blank one is not judged yet. */
  private static List<String> verdicts(List<Row> worst) {
    List<String> lines = new ArrayList<>();
    lines.add(String.join(",", VerdictFile.COLUMNS));
    for (int i = 0; i < worst.size(); i++) {
      Row row = worst.get(i);
      String note = "%s, row %d: %s".formatted(page(i), i % ROWS + 1, ious(row));
      lines.add(row.getAs(Samples.SAMPLE_ID) + ",,,human,\"" + note + "\"");
    }
    return lines;
  }
}
