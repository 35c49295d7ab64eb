package stillhouse.predict;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.stream.Collectors;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import stillhouse.data.RgbImage;
import stillhouse.data.Samples;
import stillhouse.data.Tile;
import stillhouse.tensor.FloatTensor;

class DisagreementTest {
  private static final StructType SCHEMA =
      new StructType()
          .add(Samples.SAMPLE_ID, DataTypes.StringType)
          .add(Samples.GROUP_ID, DataTypes.StringType)
          .add(Samples.IMAGE_URI, DataTypes.StringType)
          .add(Samples.TILE, Tile.TYPE)
          .add(Samples.CONTENT_SHA256, DataTypes.StringType)
          .add(Samples.MASK, DataTypes.BinaryType)
          .add(Samples.MASK_SHA256, DataTypes.StringType)
          .add("taught", DataTypes.StringType);

  /** A student that sees red in the first two of four pixels of a line, whatever the image. */
  private record Fixed() implements SegmenterSource {
    @Override
    public String id() {
      return "fixed";
    }

    @Override
    public Segmenter open() {
      return Lines.student(image -> says("1100"));
    }
  }

  private static FloatTensor says(String line) {
    return Lines.logits(line, 9);
  }

  private static Row sample(String id, String label, String taught) {
    byte[] mask = label.isEmpty() ? null : Lines.png(label);
    return RowFactory.create(id, "g", "mem:" + id, null, id, mask, label, taught);
  }

  private static Map<String, Row> compare(Reading reading, double threshold, List<Row> samples) {
    try (SparkSession spark = LocalSpark.open(2, 2)) {
      Broadcast<SegmenterSource> student =
          JavaSparkContext.fromSparkContext(spark.sparkContext()).broadcast(new Fixed());
      return new Disagreement(Lines.CLASSES, reading, threshold)
              .compare(
                  spark,
                  spark.createDataFrame(samples, SCHEMA),
                  student,
                  row -> says(row.getAs("taught")),
                  (uri, sha256) -> new RgbImage(4, 1, new byte[12]))
              .collectAsList()
              .stream()
              .collect(Collectors.toMap(row -> row.getAs(Samples.SAMPLE_ID), row -> row));
    }
  }

  /**
   * By hand, the student saying 1100. Where the teacher says 1000 and the label is 1000: IoU 1/2,
   * 1/2 and 1. Where the teacher says 1020: red 1/2, green 0, mean 1/4; the label 1x20 ignores the
   * second pixel, so red is 1 and the mean with green 1/2. Without a label the teacher's 1110 is
   * 2/3.
   */
  @Test
  void aSampleIsHeldAgainstTeacherAndLabel() {
    Map<String, Row> found =
        compare(
            Reading.DIFFERENCE,
            0.4,
            List.of(
                sample("behind", "1000", "1000"),
                sample("ignored", "1x20", "1020"),
                sample("ahead", "1100", "2222"),
                sample("bare", "", "1110"),
                sample("empty", "0000", "0000")));
    assertThat(ious(found.get("behind"))).containsExactly(0.5, 0.5, 1.0);
    assertThat(ious(found.get("ignored"))).containsExactly(0.5, 0.5, 1.0);
    assertThat(found.get("ignored").<Double>getList(at("class_iou_student_teacher")))
        .containsExactly(1.0, 0.0);
    assertThat(found.get("ignored").<Integer>getList(at("classes_shown"))).containsExactly(1, 2);
    assertThat(ious(found.get("bare"))).containsExactly(2.0 / 3, null, null);
    assertThat(found.get("bare").<Double>getList(at("class_iou_student_teacher")))
        .containsExactly(2.0 / 3, null);
    assertThat(found.get("bare").<String>getAs("reading")).isEqualTo("absolute");
    assertThat(ious(found.get("empty"))).as("two empty masks agree").containsExactly(0.0, 0.0, 1.0);
    assertThat(found.values())
        .filteredOn(row -> row.getAs("flagged"))
        .extracting(row -> row.<String>getAs(Samples.SAMPLE_ID))
        .as("not 'ahead', whose teacher is wrong, nor 'bare', 1/3 apart")
        .containsExactlyInAnyOrder("behind", "ignored", "empty");
    assertThat(found.get("ahead").<Double>getAs("disagreement")).isEqualTo(-1.0);
  }

  private static Double[] ious(Row row) {
    return new Double[] {
      row.getAs("iou_student_teacher"),
      row.getAs("iou_student_label"),
      row.getAs("iou_teacher_label")
    };
  }

  private static int at(String column) {
    return Disagreement.SCHEMA.fieldIndex(column);
  }

  @ParameterizedTest
  @CsvSource({
    // student-teacher, student-label, teacher-label, flagged at 0.15
    "DIFFERENCE, 0.9, 0.5, 0.7, true",
    "DIFFERENCE, 0.1, 0.7, 0.5, false",
    "DIVERGENCE, 0.1, 0.7, 0.5, true",
    "ABSOLUTE,   0.84, 1, 1, true",
    "ABSOLUTE,   0.86, 0, 1, false",
    "BELOW,      0.14, 1, 1, true",
    "BELOW,      0.16, 0, 1, false"
  })
  void eachReadingFlagsWhatItSays(
      Reading reading, double both, double student, double teacher, boolean flagged) {
    double disagreement =
        reading.disagreement(both, OptionalDouble.of(student), OptionalDouble.of(teacher));
    assertThat(disagreement > reading.limit(0.15)).isEqualTo(flagged);
  }

  @Test
  void withoutALabelOnlyTheTwoMasksCount() {
    assertThat(List.of(Reading.DIFFERENCE.of(false), Reading.DIVERGENCE.of(false)))
        .containsOnly(Reading.ABSOLUTE);
    assertThat(Reading.BELOW.of(false)).isEqualTo(Reading.BELOW);
    assertThatThrownBy(() -> new Disagreement(Lines.CLASSES, Reading.BELOW, 1))
        .hasMessage("Invalid threshold: 1.0 (must be > 0 and < 1)");
  }

  @Test
  void entropyIsOneBitWhereTheNetworkCantTell() {
    assertThat(Entropy.mean(new FloatTensor(new int[] {2, 1, 2}, new float[] {0, 800, -5, -800})))
        .as("of 0 and 800")
        .isCloseTo(0.5, within(1e-12));
    double p = 0.2;
    float z = (float) Math.log(p / (1 - p));
    double bits = -(p * Math.log(p) + (1 - p) * Math.log(1 - p)) / Math.log(2);
    assertThat(Entropy.mean(new FloatTensor(new int[] {1, 1, 1}, new float[] {z})))
        .isCloseTo(bits, within(1e-6));
  }
}
