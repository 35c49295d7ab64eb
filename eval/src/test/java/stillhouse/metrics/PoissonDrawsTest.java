package stillhouse.metrics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static stillhouse.metrics.RandomMasks.of;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;
import stillhouse.metrics.PairedBootstrap.Difference;

class PoissonDrawsTest {
  private static final PairedBootstrap BOOTSTRAP = new PairedBootstrap(2000, 7);
  private final MaskCounter counter = new MaskCounter(2);

  /**
   * Of 2000 draws a 2.5 % quantile is known to 0.06 σ, so two of them differ by less than 0.35 σ (4
   * of their standard deviations); 40 groups feel the random number of groups by 1/√40 of the rest.
   */
  @Property(tries = 20)
  void agreesWithTheExactDrawsWithinTheirError(
      @ForAll @IntRange(min = 40, max = 120) int groups, @ForAll long seed) {
    List<PairedCounts.Pair> pairs = pairs(groups, seed);
    PairedBootstrap bootstrap = new PairedBootstrap(2000, seed);
    PairedDraws exact = bootstrap.draws(PairedCounts.of(pairs));
    PairedDraws poisson = add(new PoissonDraws(bootstrap), pairs).draws();
    for (Metric metric : Metric.values()) {
      Difference a = PairedBootstrap.difference(exact, metric);
      Difference b = PairedBootstrap.difference(poisson, metric);
      double sigma = (a.high() - a.low()) / 3.92;
      assertThat(b.observed()).isEqualTo(a.observed());
      assertThat(b.groups()).isEqualTo(groups);
      assertThat(b.low()).isCloseTo(a.low(), Offset.offset(0.35 * sigma));
      assertThat(b.high()).isCloseTo(a.high(), Offset.offset(0.35 * sigma));
      assertThat(b.mean()).isCloseTo(a.mean(), Offset.offset(0.2 * sigma));
    }
  }

  @Property(tries = 20)
  void anyOrderAndPartitioningGivesTheSameBits(
      @ForAll @IntRange(min = 1, max = 9) int parts, @ForAll long seed) {
    List<PairedCounts.Pair> pairs = pairs(20, seed);
    List<PoissonDraws> partial = new ArrayList<>();
    for (int part = 0; part <= parts; part++) { // one stays empty
      partial.add(new PoissonDraws(BOOTSTRAP));
    }
    SplittableRandom random = new SplittableRandom(seed);
    for (PairedCounts.Pair pair : pairs) {
      partial.get(random.nextInt(parts)).add(pair.groupId(), pair.a(), pair.b());
    }
    PoissonDraws merged = new PoissonDraws(BOOTSTRAP);
    for (int part = parts; part >= 0; part--) {
      merged.merge(partial.get(part));
    }
    PairedDraws whole = add(new PoissonDraws(BOOTSTRAP), pairs).draws();
    assertThat(merged.draws()).isEqualTo(whole);
  }

  @Test
  void anotherSeedGivesOtherDraws() {
    List<PairedCounts.Pair> pairs = pairs(20, 3);
    var other = add(new PoissonDraws(new PairedBootstrap(2000, 8)), pairs).draws();
    assertThat(PairedBootstrap.difference(other, Metric.IOU))
        .isNotEqualTo(
            PairedBootstrap.difference(
                add(new PoissonDraws(BOOTSTRAP), pairs).draws(), Metric.IOU));
  }

  /** P(0) = P(1) = 1/e = 0.3679, P(K ≤ 2) = 2.5/e = 0.9197. */
  @Test
  void timesArePoissonOfMeanOne() {
    assertThat(PoissonDraws.poisson(0)).isZero();
    assertThat(PoissonDraws.poisson(0.3678)).isZero();
    assertThat(PoissonDraws.poisson(0.3679)).isEqualTo(1);
    assertThat(PoissonDraws.poisson(0.9196)).isEqualTo(2);
    assertThat(PoissonDraws.poisson(0.9198)).isEqualTo(3);
    assertThat(PoissonDraws.poisson(Math.nextDown(1.0))).isLessThanOrEqualTo(18);
    SplittableRandom random = new SplittableRandom(1);
    double mean = random.doubles(100_000).mapToInt(PoissonDraws::poisson).average().orElseThrow();
    assertThat(mean).isCloseTo(1, Offset.offset(0.01));
  }

  @Test
  void refusesOtherClassesAndNoGroups() {
    PoissonDraws draws = new PoissonDraws(BOOTSTRAP);
    assertThatThrownBy(draws::draws).hasMessageContaining("no image that both tables have");
    var two = counter.count(of("1100"), of("1111"));
    var one = new MaskCounter(1).count(of("1100"), of("1111"));
    assertThatThrownBy(() -> draws.add("g", two, one))
        .hasMessage("Cannot compare counts of 2 and 1 classes in group g with counts of 2");
  }

  private static PoissonDraws add(PoissonDraws draws, List<PairedCounts.Pair> pairs) {
    pairs.forEach(pair -> draws.add(pair.groupId(), pair.a(), pair.b()));
    return draws;
  }

  private List<PairedCounts.Pair> pairs(int groups, long seed) {
    List<PairedCounts.Pair> pairs = new ArrayList<>();
    for (int i = 0; i < groups; i++) {
      var truth = RandomMasks.draw(seed + i, 24, 20, 2, false);
      pairs.add(
          new PairedCounts.Pair(
              "g" + i,
              counter.count(RandomMasks.draw(~seed - i, 24, 20, 2, false), truth),
              counter.count(RandomMasks.draw(seed + 7919L * (i + 1), 24, 20, 2, false), truth)));
    }
    return pairs;
  }
}
