package stillhouse.metrics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static stillhouse.metrics.RandomMasks.of;

import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;

class SegmentationCountsTest {
  private final MaskCounter counter = new MaskCounter(2);
  private final ImageCounts half = counter.count(of("1100"), of("1000"));
  private final ImageCounts mixed = counter.count(of("1220"), of("1022"));
  private final ImageCounts clean = counter.count(of("0000"), of("0000"));

  @Test
  void theDataSetIsScoredAsOneLargeImage() {
    SegmentationCounts counts = SegmentationCounts.zero(2).plus(half).plus(mixed).plus(clean);
    assertThat(counts.images()).isEqualTo(3);
    assertThat(counts.value(Metric.IOU, 1)).hasValue(2 / 3.0);
    assertThat(counts.value(Metric.IOU, 2)).hasValue(1 / 3.0);
    assertThat(counts.mean(Metric.IOU)).hasValue(0.5);
    assertThat(counts.value(Metric.IOU, ClassCounts.FOREGROUND)).hasValue(3 / 6.0);
  }

  @Test
  void imagesWithoutTheClassAreLeftOutOfTheMeanOverImages() {
    SegmentationCounts counts = SegmentationCounts.zero(2).plus(half).plus(mixed).plus(clean);
    Offset<Double> kept = Offset.offset(1e-11);
    assertThat(counts.imageMean(Metric.IOU, 1).getAsDouble()).isCloseTo((0.5 + 1) / 2, kept);
    assertThat(counts.imageMean(Metric.IOU, 2).getAsDouble()).isCloseTo(1 / 3.0, kept);
    // Image one scores 1/2, image two (1 + 1/3) / 2, and the clean one has no score.
    assertThat(counts.imageMean(Metric.IOU).getAsDouble())
        .isCloseTo((0.5 + (1 + 1 / 3.0) / 2) / 2, kept);
  }

  @Test
  void nothingHasNoScore() {
    SegmentationCounts counts = SegmentationCounts.zero(2).plus(clean);
    assertThat(counts.mean(Metric.DICE)).isEmpty();
    assertThat(counts.imageMean(Metric.DICE)).isEmpty();
  }

  @Test
  void refusesCountsOfAnotherNumberOfClasses() {
    assertThatThrownBy(() -> SegmentationCounts.zero(3).plus(half))
        .hasMessage("Cannot add counts of 2 classes to counts of 3");
  }

  @Test
  void refusesAClassThatIsNotThere() {
    assertThatThrownBy(() -> half.area(3)).hasMessageContaining("Invalid class: 3");
  }
}
