package stillhouse.predict;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import stillhouse.data.RgbImage;
import stillhouse.data.Samples;
import stillhouse.data.Tile;
import stillhouse.metrics.Metric;
import stillhouse.teacher.LabelBoxes;

class CascadeTest {
  private static final StructType SCHEMA =
      new StructType()
          .add(Samples.SAMPLE_ID, DataTypes.StringType)
          .add(Samples.IMAGE_URI, DataTypes.StringType)
          .add(Samples.CONTENT_SHA256, DataTypes.StringType)
          .add(Samples.MASK, DataTypes.BinaryType)
          .add(Samples.TILE, Tile.TYPE)
          .add(Samples.COUNTED, Tile.TYPE)
          .add("taught", DataTypes.StringType);

  private static final CascadeTeacher TEACHER =
      new CascadeTeacher(
          row -> Lines.logits(row.getAs("taught"), 9), PromptCount.of(new LabelBoxes(1, 64)));

  @TempDir Path folder;

  /** Reads its answer off the image: the class from red, the logits' size in tenths from green. */
  private record Reader() implements SegmenterSource {
    @Override
    public String id() {
      return "reader";
    }

    @Override
    public Segmenter open() {
      return Lines.student(
          image -> {
            var line = new StringBuilder();
            for (int i = 0; i < image.width(); i++) {
              line.append(image.rgb()[3 * i]);
            }
            return Lines.logits(line.toString(), image.rgb()[1] / 10f);
          });
    }
  }

  /** "1100 90": what the student says, and how surely. */
  private static RgbImage image(String uri) {
    String[] parts = uri.split(" ");
    byte[] rgb = new byte[3 * parts[0].length()];
    for (int i = 0; i < parts[0].length(); i++) {
      rgb[3 * i] = (byte) (parts[0].charAt(i) - '0');
      rgb[3 * i + 1] = Byte.parseByte(parts[1]);
    }
    return new RgbImage(parts[0].length(), 1, rgb);
  }

  private static Row sample(String id, String student, String label, String taught) {
    return RowFactory.create(id, student, id, Lines.png(label), null, null, taught);
  }

  /**
   * By hand. "sure" is the student's own: 1100, as the label has it, where the teacher says 1111;
   * "unsure" and "lost" are the teacher's. Student alone: red 3 of 5 pixels, green 0 of 2: IoU (3/5
   * + 0) / 2. Teacher alone: red 5 of 7 and green 2 of 2. Each where it is better: all of them. The
   * teacher was asked with the labels' boxes: one an object, of which "unsure" has two.
   */
  @Test
  void theTeacherAnswersWhereTheStudentIsUnsureAndNowhereElse() {
    List<Row> samples =
        List.of(
            sample("sure", "1100 90", "1100", "1111"),
            sample("unsure", "1000 10", "1011", "1011"),
            sample("lost", "0000 2", "0022", "0022"));
    try (SparkSession spark = spark()) {
      var cascade = new Cascade(Lines.CLASSES, folder.resolve("table").toUri().toString());
      cascade.measure(
          spark,
          spark.createDataFrame(samples, SCHEMA),
          new Reader(),
          TEACHER,
          (uri, sha256) -> image(uri));

      double[] thresholds = cascade.thresholds(spark, Uncertainty.ENTROPY, 2);
      List<CascadePoint> curve = cascade.curve(spark, Uncertainty.ENTROPY, thresholds);
      assertThat(curve).extracting(CascadePoint::asked).containsExactly(3L, 2L, 1L, 0L, 0L);
      assertThat(curve).allMatch(p -> p.images() == 3 && p.counts().images() == 3);
      assertThat(curve)
          .extracting(p -> p.mean(Metric.IOU).orElseThrow())
          .containsExactly((5.0 / 7 + 1) / 2, 1.0, (3.0 / 5 + 1) / 2, (3.0 / 5) / 2, (3.0 / 5) / 2);
      assertThat(curve.get(1).studentShare()).isEqualTo(1.0 / 3);
      assertThat(curve).extracting(CascadePoint::prompts).containsExactly(4L, 3L, 1L, 0L, 0L);
      var cost = new CascadeCost(2, 30, 6);
      assertThat(curve)
          .extracting(p -> p.millis(cost))
          .as("30 for each that is asked, 6 a prompt, over three images")
          .containsExactly(2 + 114 / 3.0, 2 + 78 / 3.0, 2 + 36 / 3.0, 2.0, 2.0);
      assertThat(curve.get(0).teacherMillis(cost)).isEqualTo(114 / 3.0);
      assertThat(cascade.curve(spark, Uncertainty.SOFTNESS, Cascade.ALL, Cascade.NONE))
          .as("the ends are the same whatever is read")
          .extracting(CascadePoint::counts)
          .containsExactly(curve.get(0).counts(), curve.get(3).counts());

      var empty = new Cascade(Lines.CLASSES, folder.resolve("empty").toUri().toString());
      empty.measure(
          spark,
          spark.createDataFrame(List.of(), SCHEMA),
          new Reader(),
          TEACHER,
          (uri, sha256) -> image(uri));
      assertThatThrownBy(() -> empty.curve(spark, Uncertainty.ENTROPY, 0.5))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("has no image");
    }
  }

  private static SparkSession spark() {
    return LocalSpark.open(2, 2);
  }

  @Property(tries = 200)
  void anImageIsTheTeachersAtExactlyTheThresholdsBelowIt(
      @ForAll double[] values, @ForAll double value) {
    double[] thresholds = java.util.Arrays.stream(values).sorted().distinct().toArray();
    int below = Cascade.below(thresholds, value);
    for (int t = 0; t < thresholds.length; t++) {
      assertThat(t < below).isEqualTo(thresholds[t] < value);
    }
  }
}
