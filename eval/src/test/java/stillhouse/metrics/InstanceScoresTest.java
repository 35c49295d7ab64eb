package stillhouse.metrics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;
import static stillhouse.metrics.InstanceScores.Overlap.BOUNDARY;
import static stillhouse.metrics.InstanceScores.Overlap.MASK;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import stillhouse.data.ClassMask;

class InstanceScoresTest {
  private static final float[] NONE = new float[0];

  private static ImageInstances match(ClassMask predicted, ClassMask actual) {
    return new InstanceMatcher(2).match(predicted, actual, NONE);
  }

  @Test
  void aDetectionReachesTheThresholdsThatItsIouReaches() {
    ClassMask truth = RandomMasks.of("1110000", "1110000", "0000022", "0000022");
    ClassMask said = RandomMasks.of("1111000", "0110000", "0000020", "0010000");
    // Of class 1: 5 of 7 pixels are shared, 0.714; and a pixel alone. Of class 2: 1 of 4.
    assertThat(match(said, truth).truths()).containsExactly(1L, 1L);
    assertThat(match(said, truth).detections())
        .containsExactly(
            new Detection(1, 1000, 5, 5),
            new Detection(2, 1000, 0, 0),
            new Detection(1, 1000, 0, 0));
  }

  @Test
  void anIouThatEqualsAThresholdReachesIt() {
    assertThat(Detection.reached(1, 2)).isOne();
    assertThat(Detection.reached(49, 100)).isZero();
    assertThat(Detection.reached(54, 100)).isOne();
    assertThat(Detection.reached(55, 100)).isEqualTo(2);
    assertThat(Detection.reached(94, 100)).isEqualTo(9);
    assertThat(Detection.reached(95, 100)).isEqualTo(10);
    assertThat(Detection.reached(100, 100)).isEqualTo(10);
    assertThat(Detection.reached(0, 0)).isZero();
  }

  @Test
  void anInstanceIsFoundByThePartThatHasHalfOfIt() {
    ClassMask truth = RandomMasks.of("1111");
    ClassMask halves = RandomMasks.of("1101"); // 2 of 4 and 1 of 4
    assertThat(match(halves, truth).detections()).extracting(Detection::mask).containsExactly(1, 0);
    // 2 of 5 pixels each: none has half.
    ClassMask apart = RandomMasks.of("11011", "00000");
    ClassMask whole = RandomMasks.of("11111", "00000");
    assertThat(match(apart, whole).detections()).extracting(Detection::mask).containsOnly(0);
  }

  @Test
  void aScoreIsTheProbabilityOfTheMeanLogit() {
    ClassMask said = RandomMasks.of("1101");
    float[] margins = {0, (float) Math.log(9), 0, (float) Math.log(9)}; // 0.5, 0.9 and 0.9
    var found = new InstanceMatcher(1).match(said, said, margins).detections();
    assertThat(found).containsExactly(new Detection(1, 750, 10, 10), new Detection(1, 900, 10, 10));
  }

  @Test
  void ignoredPixelsAreOfNoInstance() {
    ClassMask truth = RandomMasks.of("11#0");
    ClassMask said = RandomMasks.of("1110");
    assertThat(match(said, truth).detections()).containsExactly(new Detection(1, 1000, 10, 10));
    ClassMask inside = RandomMasks.of("00#0");
    assertThat(match(inside, RandomMasks.of("00#0")).detections()).isEmpty();
  }

  /**
   * By hand: 4 instances; hit, miss, hit by falling score, so precision 1 to recall 1/4, then 2/3.
   */
  @Test
  void averagePrecisionIsTheAreaUnderMonotonePrecision() {
    var scores =
        new InstanceScores(
            List.of(4L, 0L),
            Map.of(
                new Detection(1, 900, 10, 1), 1L,
                new Detection(1, 800, 0, 0), 1L,
                new Detection(1, 700, 1, 0), 1L));
    double at50 = (26 * 1.0 + 25 * 2.0 / 3) / 101;
    double above = 26 * 1.0 / 101;
    assertThat(scores.mean(MASK, 1)).hasValueCloseTo(at50, within(1e-12));
    assertThat(scores.mean(MASK, 2)).hasValueCloseTo(above, within(1e-12));
    assertThat(scores.mean(BOUNDARY, 1)).hasValueCloseTo(above, within(1e-12));
    assertThat(scores.mean(BOUNDARY, 2)).hasValue(0);
    assertThat(scores.average(MASK, 1).getAsDouble())
        .isCloseTo((at50 + 9 * above) / 10, within(1e-12));
    assertThat(scores.average(MASK, 2)).isEmpty(); // no such instance: not 0, and not in the mean
    assertThat(scores.mean(MASK)).isEqualTo(scores.average(MASK, 1));
  }

  @Test
  void equalScoresEnterTogether() {
    var scores =
        new InstanceScores(
            List.of(1L),
            Map.of(new Detection(1, 900, 10, 10), 1L, new Detection(1, 900, 0, 0), 1L));
    assertThat(scores.mean(MASK)).hasValue(0.5);
  }

  @Test
  void aDetectionWhoseBoundaryIsBetterThanItsMaskIsRefused() {
    assertThatThrownBy(() -> new Detection(1, 1, 3, 4))
        .hasMessage(
            "Invalid detection: 3 thresholds by mask and 4 by boundary (must be 10 ≥ mask ≥ boundary ≥ 0)");
    assertThatThrownBy(() -> new Detection(0, 1, 0, 0)).hasMessageContaining("class 0");
  }

  @Property(tries = 200)
  void truthFindsItselfAndNoDetectionIsLost(
      @ForAll long seed, @ForAll @IntRange(min = 1, max = 150) int width) {
    ClassMask truth = RandomMasks.draw(seed, width, 40, 2, true);
    ClassMask said = RandomMasks.draw(seed + 1, width, 40, 2, false);
    ImageInstances same = match(truth, truth);
    long instances = same.truths().stream().mapToLong(Long::longValue).sum();
    assertThat(same.detections())
        .hasSize((int) instances)
        .allMatch(d -> d.mask() == 10 && d.boundary() == 10);

    ImageInstances other = match(said, truth);
    assertThat(other.truths()).isEqualTo(same.truths());
    for (int c = 1; c <= 2; c++) {
      int classId = c;
      assertThat(other.detections().stream().filter(d -> d.classId() == classId && d.mask() > 0))
          .hasSizeLessThanOrEqualTo(other.truths().get(c - 1).intValue());
    }
  }

  @Property(tries = 50)
  void oneDetectionMoreThatIsWrongNeverHelps(@ForAll @IntRange(min = 0, max = 1000) int score) {
    Map<Detection, Long> some =
        Map.of(new Detection(1, 900, 8, 4), 3L, new Detection(1, 600, 2, 2), 2L);
    Map<Detection, Long> more = new HashMap<>(some);
    more.merge(new Detection(1, score, 0, 0), 1L, Long::sum);
    var before = new InstanceScores(List.of(6L), some);
    var after = new InstanceScores(List.of(6L), more);
    IntStream.rangeClosed(1, 10)
        .forEach(
            t ->
                assertThat(after.mean(MASK, t).getAsDouble())
                    .isLessThanOrEqualTo(before.mean(MASK, t).getAsDouble()));
  }
}
