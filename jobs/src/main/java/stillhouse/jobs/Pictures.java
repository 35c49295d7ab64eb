package stillhouse.jobs;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import stillhouse.data.ClassMask;
import stillhouse.data.DatasetConfig;
import stillhouse.data.HadoopImages;
import stillhouse.data.ImageCodec;
import stillhouse.data.RgbImage;
import stillhouse.predict.Masks;
import stillhouse.predict.OnnxSource;
import stillhouse.predict.RowLogits;
import stillhouse.predict.Segmenter;
import stillhouse.report.ContactSheet;
import stillhouse.report.Overlay;
import stillhouse.teacher.LocalTeacher;

/** Pictures of a few test images: truth, teacher, student and the student's errors. */
final class Pictures {
  private static final int IMAGES = 8;
  private final SparkSession spark;
  private final DatasetConfig dataset;
  private final TestSamples samples;
  private final Optional<LocalTeacher> teacher;
  private List<Row> rows = List.of();

  Pictures(
      SparkSession spark,
      DatasetConfig dataset,
      TestSamples samples,
      Optional<LocalTeacher> teacher) {
    this.spark = spark;
    this.dataset = dataset;
    this.samples = samples;
    this.teacher = teacher;
  }

  /** Writes {@code overlays.png} for one student. */
  void draw(OnnxSource source, Path folder) throws IOException {
    List<String> headers =
        teacher.isPresent()
            ? List.of("image", "truth", "teacher", "student", "student's errors")
            : List.of("image", "truth", "student", "student's errors");
    List<ContactSheet.Row> sheet = new ArrayList<>();
    try (Segmenter student = source.open()) {
      for (Row row : rows()) {
        sheet.add(row(row, student));
      }
    }
    if (sheet.isEmpty()) {
      return; // a split without a labelled object has nothing to show
    }
    Files.createDirectories(folder);
    Files.write(
        folder.resolve("overlays.png"), ContactSheet.png(headers, sheet, dataset.classes()));
  }

  private ContactSheet.Row row(Row row, Segmenter student) {
    RgbImage image =
        HadoopImages.of(spark).read(row.getAs("image_uri"), row.getAs("content_sha256"));
    ClassMask truth = ImageCodec.decodeMask(row.getAs("mask"));
    List<ClassMask> predictions = new ArrayList<>();
    if (teacher.isPresent()) {
      RowLogits cached = samples.teacherLogits();
      predictions.add(Masks.fromLogits(cached.logits(row), image.width(), image.height()));
    }
    predictions.add(Masks.fromLogits(student.logits(image), image.width(), image.height()));
    String uri = row.getAs("image_uri");
    return new ContactSheet.Row(
        uri.substring(uri.lastIndexOf('/') + 1), Overlay.panels(image, truth, predictions));
  }

  private List<Row> rows() {
    if (rows.isEmpty()) {
      rows =
          samples.few(
              teacher.map(t -> samples.answered(t.spec())).orElseGet(samples::rows), IMAGES);
    }
    return rows;
  }
}
