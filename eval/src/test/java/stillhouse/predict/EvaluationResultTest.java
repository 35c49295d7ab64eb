package stillhouse.predict;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;
import stillhouse.data.ClassMask;
import stillhouse.metrics.MaskCounter;
import stillhouse.metrics.SegmentationCounts;

class EvaluationResultTest {
  private final SegmentationCounts counts =
      SegmentationCounts.zero(2)
          .plus(
              new MaskCounter(2)
                  .count(
                      new ClassMask(4, 1, new byte[] {1, 1, 0, 0}),
                      new ClassMask(4, 1, new byte[] {1, 0, 0, 0})));

  @Test
  void metricNamesAreFlatAndAbsentClassesHaveNone() {
    var map = new EvaluationResult(List.of("scratch", "dent"), counts).toMap();
    assertThat(map)
        .containsEntry("iou", 0.5)
        .containsEntry("iou_scratch", 0.5)
        .containsEntry("boundary_iou", 0.5)
        .containsEntry("dice", 2 / 3.0)
        .containsEntry("foreground_iou", 0.5)
        .containsEntry("image_iou", 0.5)
        .containsEntry("images", 1.0)
        .doesNotContainKeys("iou_dent", "dice_dent");
  }

  @Test
  void refusesNamesThatDoNotFitTheCounts() {
    assertThatThrownBy(() -> new EvaluationResult(List.of("scratch"), counts))
        .hasMessage("Invalid result: counts of 2 classes for [scratch]");
  }
}
