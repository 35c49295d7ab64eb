package stillhouse.jobs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import stillhouse.conf.ConfigException;
import stillhouse.data.ClassMask;
import stillhouse.metrics.MaskCounter;
import stillhouse.metrics.Metric;
import stillhouse.metrics.SegmentationCounts;
import stillhouse.predict.CascadePoint;

class CascadeTargetTest {
  /**
   * Of 100 images, with two prompts for each that is asked about; IoU is {@code good} of 10 pixels.
   */
  static CascadePoint point(double threshold, long asked, int good) {
    byte[] predicted = new byte[10];
    byte[] actual = new byte[10];
    for (int i = 0; i < 10; i++) {
      predicted[i] = (byte) (i < good ? 1 : 0);
      actual[i] = 1;
    }
    var counts =
        new MaskCounter(1).count(new ClassMask(10, 1, predicted), new ClassMask(10, 1, actual));
    return new CascadePoint(
        threshold, 100, asked, 2 * asked, SegmentationCounts.zero(1).plus(counts));
  }

  private static final List<CascadePoint> CURVE =
      List.of(
          point(-1, 100, 9),
          point(0.1, 40, 10),
          point(0.2, 6, 8),
          point(0.3, 6, 8),
          point(0.4, 0, 5));

  @Test
  void aShareIsUsedUpAndNotPassed() {
    assertThat(CascadeTarget.of(0.94, Optional.empty()).choose(CURVE))
        .hasValueSatisfying(p -> assertThat(p.threshold()).isEqualTo(0.3));
    assertThat(CascadeTarget.of(0.95, Optional.empty()).choose(CURVE))
        .hasValueSatisfying(p -> assertThat(p.asked()).isZero());
    assertThat(CascadeTarget.of(0, Optional.empty()).choose(CURVE))
        .hasValueSatisfying(p -> assertThat(p.asked()).isEqualTo(100));
  }

  @Test
  void whatItCannotReachIsSaidWithWhatThereIs() {
    assertThat(CascadeTarget.of(0.94, Optional.empty()).remark(CURVE, "val")).isEmpty();
    assertThat(CascadeTarget.of(1, Optional.empty()).remark(CURVE, "val")).isEmpty();
    assertThat(CascadeTarget.of(0.995, Optional.empty()).remark(CURVE, "val"))
        .hasValueSatisfying(
            said -> assertThat(said).contains("0.5 % of the 100 images of split val is less than"));
    assertThat(CascadeTarget.of(0.95, Optional.empty()).remark(CURVE, "val"))
        .hasValueSatisfying(said -> assertThat(said).contains("than 5 may", "the 6 of split val"));
    CascadeTarget most = CascadeTarget.of(0.94, Optional.of("iou=1"));
    assertThat(most.remark(CURVE, "val")).isEmpty();
    assertThat(most.remark(CURVE.subList(2, 5), "val"))
        .hasValue("no threshold reaches iou of at least 1.0 on split val; the most is 0.8000");
  }

  @Test
  void aValueIsReachedWithAsFewImagesForTheTeacherAsDo() {
    CascadeTarget target = CascadeTarget.of(0.94, Optional.of("iou=0.75"));
    assertThat(target).isEqualTo(new CascadeTarget.Value(Metric.IOU, 0.75));
    assertThat(target.choose(CURVE))
        .hasValueSatisfying(p -> assertThat(p.threshold()).isEqualTo(0.2));
    assertThat(CascadeTarget.of(0.94, Optional.of("iou=1")).choose(CURVE))
        .hasValueSatisfying(p -> assertThat(p.asked()).isEqualTo(40));
    assertThat(CascadeTarget.of(0.94, Optional.of("iou=1")).choose(CURVE.subList(2, 5))).isEmpty();
  }

  @Test
  void whatIsNoTargetIsRefusedWithWhatOneLooksLike() {
    assertThatThrownBy(() -> CascadeTarget.of(1.2, Optional.empty()))
        .isInstanceOf(ConfigException.class)
        .hasMessage("Invalid --student-share: 1.2 (must be 0 to 1)");
    for (String text :
        List.of("iou", "iou=", "iou=much", "iou=0", "iou=1.5", "luck=0.5", "iou=NaN")) {
      assertThatThrownBy(() -> CascadeTarget.of(0.94, Optional.of(text)))
          .isInstanceOf(ConfigException.class)
          .hasMessageContaining("Invalid --target: " + text + " (must be METRIC=VALUE, of [iou,");
    }
  }
}
