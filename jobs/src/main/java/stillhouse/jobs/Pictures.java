package stillhouse.jobs;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import stillhouse.data.ClassMask;
import stillhouse.data.HadoopImages;
import stillhouse.data.ImageCodec;
import stillhouse.data.RgbImage;
import stillhouse.data.Samples;
import stillhouse.data.Tile;
import stillhouse.predict.Masks;
import stillhouse.predict.OnnxSource;
import stillhouse.predict.RowLogits;
import stillhouse.predict.Segmenter;
import stillhouse.report.ContactSheet;
import stillhouse.report.Overlay;

/** Pictures of a few test images: truth, teacher, student and the student's errors. */
final class Pictures {
  private static final int IMAGES = 8;
  private final SparkSession spark;
  private final TestSamples samples;
  private final boolean teacher;
  private List<Row> rows = List.of();

  /**
   * @param teacher whether the samples carry a teacher's answers
   */
  Pictures(SparkSession spark, TestSamples samples, boolean teacher) {
    this.spark = spark;
    this.samples = samples;
    this.teacher = teacher;
  }

  /**
   * Writes {@code overlays.png} for one student.
   *
   * @return whether there was anything to show
   */
  boolean draw(OnnxSource source, Path folder) throws IOException {
    List<ContactSheet.Row> sheet = new ArrayList<>();
    try (Segmenter student = source.open()) {
      for (Row row : rows()) {
        sheet.add(row(row, student));
      }
    }
    if (sheet.isEmpty()) {
      return false; // a split without a labelled object has nothing to show
    }
    Files.createDirectories(folder);
    Files.write(
        folder.resolve("overlays.png"),
        ContactSheet.png(headers(), sheet, samples.dataset().classes()));
    return true;
  }

  /** What the panels of a row show. */
  List<String> headers() {
    return teacher
        ? List.of("image", "truth", "teacher", "student", "student's errors")
        : List.of("image", "truth", "student", "student's errors");
  }

  /**
   * One image.
   *
   * @param row of the samples
   */
  ContactSheet.Row row(Row row, Segmenter student) {
    RgbImage image = HadoopImages.of(spark).read(row);
    ClassMask truth = ImageCodec.decodeMask(row.getAs("mask"));
    List<ClassMask> predictions = new ArrayList<>();
    if (teacher) {
      RowLogits cached = samples.teacherLogits();
      predictions.add(Masks.fromLogits(cached.logits(row), image.width(), image.height()));
    }
    predictions.add(Masks.fromLogits(student.logits(image), image.width(), image.height()));
    return new ContactSheet.Row(name(row), Overlay.panels(image, truth, predictions));
  }

  /** The file's own, and of a tile where it lies. */
  static String name(Row sample) {
    String uri = sample.getAs(Samples.IMAGE_URI);
    String name = uri.substring(uri.lastIndexOf('/') + 1);
    return Tile.of(sample).map(tile -> name + " at " + tile.x() + "," + tile.y()).orElse(name);
  }

  private List<Row> rows() {
    if (rows.isEmpty()) {
      rows = samples.few(IMAGES);
    }
    return rows;
  }
}
