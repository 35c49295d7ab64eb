package stillhouse.metrics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static stillhouse.metrics.RandomMasks.of;

import java.util.ArrayList;
import java.util.List;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;

class PairedBootstrapTest {
  private final MaskCounter counter = new MaskCounter(1);
  private final PairedBootstrap bootstrap = new PairedBootstrap(2000, 7);

  private ImageCounts score(String predicted, String actual) {
    return counter.count(of(predicted), of(actual));
  }

  @Test
  void everyDrawOfOneGroupIsTheObservedDifference() {
    var pairs =
        PairedCounts.of(
            List.of(
                new PairedCounts.Pair("part", score("1100", "1111"), score("1110", "1111")),
                new PairedCounts.Pair("part", score("1111", "1111"), score("1111", "1111"))));
    var difference = bootstrap.difference(pairs, Metric.IOU);
    // (3 + 4) / 8 against (2 + 4) / 8
    assertThat(difference)
        .isEqualTo(new PairedBootstrap.Difference(0.125, 0.125, 0.125, 0.125, 1, 2000));
    assertThat(difference.excludesZero()).isTrue();
  }

  @Test
  void twoGroupsDrawAsTheirFourCombinations() {
    // Group x gains one pixel of four, y loses none: differences 1/4, 1/8, 1/8, 0.
    var pairs =
        PairedCounts.of(
            List.of(
                new PairedCounts.Pair("x", score("1100", "1111"), score("1110", "1111")),
                new PairedCounts.Pair("y", score("1111", "1111"), score("1111", "1111"))));
    var difference = bootstrap.difference(pairs, Metric.IOU, 1);
    assertThat(difference.observed()).isEqualTo(0.125);
    assertThat(difference.low()).isEqualTo(0);
    assertThat(difference.high()).isEqualTo(0.25);
    assertThat(difference.mean()).isCloseTo(0.125, Offset.offset(0.01));
    assertThat(difference.excludesZero()).isFalse();
  }

  @Test
  void aClassHasADifferenceWhereBothSidesHaveAValue() {
    PairedCounts pairs = drawn(40);
    PairedDraws draws = bootstrap.draws(pairs);
    assertThat(PairedBootstrap.difference(draws, Metric.IOU, 1))
        .hasValue(bootstrap.difference(pairs, Metric.IOU, 1));
    // Truth and A have nothing, B has.
    var empty = new PairedCounts.Pair("x", score("0000", "0000"), score("1111", "0000"));
    assertThat(
            PairedBootstrap.difference(
                bootstrap.draws(PairedCounts.of(List.of(empty))), Metric.IOU, 1))
        .isEmpty();
  }

  @Test
  void oneSidesIntervalIsTheRangeOfItsDraws() {
    // Two of four pixels, and four of four: a draw has 2/4, 6/8 or 4/4.
    var pairs =
        PairedCounts.of(
            List.of(
                new PairedCounts.Pair("x", score("1100", "1111"), score("0000", "1111")),
                new PairedCounts.Pair("y", score("1111", "1111"), score("0000", "1111"))));
    assertThat(PairedBootstrap.interval(bootstrap.draws(pairs), Metric.IOU))
        .hasValue(new PairedBootstrap.Interval(0.75, 0.5, 1, 2));
    var empty = new PairedCounts.Pair("x", score("0000", "0000"), score("1111", "0000"));
    assertThat(
            PairedBootstrap.interval(bootstrap.draws(PairedCounts.of(List.of(empty))), Metric.IOU))
        .isEmpty();
  }

  @Test
  void theSameSeedGivesTheSameBitsAndAnotherDoesNot() {
    PairedCounts pairs = drawn(40);
    assertThat(bootstrap.difference(pairs, Metric.DICE))
        .isEqualTo(new PairedBootstrap(2000, 7).difference(pairs, Metric.DICE))
        .isNotEqualTo(new PairedBootstrap(2000, 8).difference(pairs, Metric.DICE));
  }

  /** Draw by draw, so that it is no wider than what the images themselves leave open. */
  @Test
  void theMeanOfSeveralPairsIsTakenWithinEachDraw() {
    PairedDraws gain = bootstrap.draws(drawn(40));
    var one = PairedBootstrap.difference(gain, Metric.IOU);
    assertThat(PairedBootstrap.meanDifference(List.of(gain), Metric.IOU)).isEqualTo(one);
    var twice = PairedBootstrap.meanDifference(List.of(gain, gain), Metric.IOU);
    assertThat(twice.low()).isCloseTo(one.low(), Offset.offset(1e-12));
    assertThat(twice.high()).isCloseTo(one.high(), Offset.offset(1e-12));
    PairedDraws loss = bootstrap.draws(swapped(40));
    var none = PairedBootstrap.meanDifference(List.of(gain, loss), Metric.IOU);
    assertThat(none.observed()).isZero();
    assertThat(none.high() - none.low()).as("each draw's gain is its loss").isZero();
    PairedDraws others = bootstrap.draws(drawn(30));
    assertThatThrownBy(() -> PairedBootstrap.meanDifference(List.of(gain, others), Metric.IOU))
        .hasMessageContaining("of 10 groups")
        .hasMessageContaining("(they were drawn differently)");
  }

  @Test
  void swappingThePredictorsMirrorsTheInterval() {
    var d = bootstrap.difference(drawn(30), Metric.IOU);
    var m = bootstrap.difference(swapped(30), Metric.IOU);
    assertThat(m.observed()).isEqualTo(-d.observed());
    assertThat(m.low()).isCloseTo(-d.high(), Offset.offset(1e-12));
    assertThat(m.high()).isCloseTo(-d.low(), Offset.offset(1e-12));
  }

  /** The interval of a metric that is linear in the groups is that of a mean: ± 1.96 σ / √n. */
  @Test
  void theIntervalHasTheWidthThatTheoryGives() {
    List<PairedCounts.Pair> pairs = new ArrayList<>();
    for (int i = 0; i < 100; i++) { // half of the groups gain one pixel of four
      pairs.add(
          new PairedCounts.Pair(
              "g" + i,
              score("1100", "1111"),
              i % 2 == 0 ? score("1110", "1111") : score("1100", "1111")));
    }
    var difference = new PairedBootstrap(4000, 1).difference(PairedCounts.of(pairs), Metric.IOU);
    double sigma = 0.25 * 0.5;
    assertThat(difference.observed()).isEqualTo(0.125);
    assertThat((difference.high() - difference.low()) / 2)
        .isCloseTo(1.96 * sigma / 10, Offset.offset(0.002));
  }

  @Test
  void refusesPairsThatHaveNothingToScore() {
    var empty = score("0000", "0000");
    var pairs = PairedCounts.of(List.of(new PairedCounts.Pair("g", empty, empty)));
    assertThatThrownBy(() -> bootstrap.difference(pairs, Metric.IOU))
        .hasMessageContaining("none of the 1 groups has a pixel");
    assertThatThrownBy(() -> PairedCounts.of(List.of()))
        .hasMessageContaining("no image that both tables have");
    assertThatThrownBy(() -> new PairedBootstrap(10, 1))
        .hasMessage("Invalid resamples: 10 (must be ≥ 100 for a 95 % interval)");
  }

  private PairedCounts swapped(int images) {
    List<PairedCounts.Pair> pairs = new ArrayList<>();
    for (int i = 0; i < images; i++) {
      var pair = pair(i);
      pairs.add(new PairedCounts.Pair(pair.groupId(), pair.b(), pair.a()));
    }
    return PairedCounts.of(pairs);
  }

  private PairedCounts drawn(int images) {
    List<PairedCounts.Pair> pairs = new ArrayList<>();
    for (int i = 0; i < images; i++) {
      pairs.add(pair(i));
    }
    return PairedCounts.of(pairs);
  }

  private PairedCounts.Pair pair(int i) {
    var truth = RandomMasks.draw(i, 20, 20, 1, false);
    return new PairedCounts.Pair(
        "g" + i / 3,
        counter.count(RandomMasks.draw(1000 + i, 20, 20, 1, false), truth),
        counter.count(RandomMasks.draw(2000 + i, 20, 20, 1, false), truth));
  }
}
