package stillhouse.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import stillhouse.train.SampleOrder.Position;

class SampleOrderTest {
  @Test
  void slotsServeContiguousRangesOfTheSequence() {
    // 7 samples in 3 slots: [0, 2), [2, 4), [4, 7): the last step has the third slot only.
    SampleOrder order = new SampleOrder(new int[] {7}, 1, 3);
    assertThat(order.steps()).isEqualTo(3);
    assertThat(order.share(0, 0, 0, 1)).hasSize(3);
    assertThat(order.share(0, 2, 0, 1)).hasSize(1);
    assertThat(order.share(0, 2, 0, 3)).isEmpty();
    assertThat(order.share(0, 2, 2, 3)).isEqualTo(order.share(0, 2, 0, 1));
  }

  @Test
  void aSlotStaysInARowGroupUntilItIsThrough() {
    SampleOrder order = new SampleOrder(new int[] {4, 4, 4, 4}, 3, 2);
    List<Integer> groups = new ArrayList<>();
    for (int step = 0; step < order.steps(); step++) {
      groups.add(order.share(0, step, 0, 2).get(0).group());
    }
    assertThat(groups.subList(0, 4)).containsOnly(groups.get(0));
    assertThat(groups.subList(4, 8)).containsOnly(groups.get(4)).doesNotContain(groups.get(0));
  }

  @Test
  void epochsAndSeedsDiffer() {
    int[] groups = {5, 5, 5, 5, 5, 5};
    Set<List<Position>> orders = new HashSet<>();
    for (int seed = 0; seed < 4; seed++) {
      for (int epoch = 0; epoch < 4; epoch++) {
        orders.add(epochOf(new SampleOrder(groups, seed, 1), epoch, 1));
      }
    }
    assertThat(orders).hasSize(16);
  }

  @Property(tries = 100)
  void everySampleComesOnceAnEpochForAnyNumberOfRanks(
      @ForAll long seed,
      @ForAll @IntRange(min = 1, max = 30) int groups,
      @ForAll @IntRange(min = 1, max = 8) int ranks,
      @ForAll @IntRange(min = 1, max = 4) int slotsPerRank,
      @ForAll @IntRange(max = 50) int epoch) {
    SampleOrder order = new SampleOrder(sizes(seed, groups), seed, ranks * slotsPerRank);
    List<Position> seen = epochOf(order, epoch, ranks);
    assertThat(seen).hasSize((int) order.samples()).doesNotHaveDuplicates();
  }

  @Property(tries = 50)
  void theGlobalBatchDoesNotDependOnTheRanks(
      @ForAll long seed, @ForAll @IntRange(min = 1, max = 30) int groups) {
    SampleOrder order = new SampleOrder(sizes(seed, groups), seed, 8);
    for (int ranks : new int[] {2, 4, 8}) {
      for (int step = 0; step < order.steps(); step++) {
        List<Position> gathered = new ArrayList<>();
        for (int rank = 0; rank < ranks; rank++) {
          gathered.addAll(order.share(2, step, rank, ranks));
        }
        assertThat(gathered).isEqualTo(order.share(2, step, 0, 1));
      }
    }
  }

  @Property(tries = 50)
  void aResumedRunGoesOnAsTheFirstWouldHave(
      @ForAll long seed,
      @ForAll @IntRange(min = 1, max = 30) int groups,
      @ForAll @IntRange(max = 1000) int at) {
    int[] sizes = sizes(seed, groups);
    SampleOrder first = new SampleOrder(sizes, seed, 4);
    int step = at % first.steps();
    epochOf(first, 0, 2);
    epochOf(first, 1, 2);
    assertThat(new SampleOrder(sizes, seed, 4).share(1, step, 1, 2))
        .isEqualTo(first.share(1, step, 1, 2));
  }

  @Test
  void refusesRanksThatDoNotDivideTheBatch() {
    SampleOrder order = new SampleOrder(new int[] {9}, 1, 32);
    assertThatThrownBy(() -> order.share(0, 0, 0, 3))
        .hasMessage(
            "Invalid global batch: 32 slots for 3 ranks (the number of ranks must divide the"
                + " batch; choose a batch of 33)");
    assertThatThrownBy(() -> order.share(0, 0, 4, 4)).hasMessageContaining("Invalid rank: 4");
    assertThatThrownBy(() -> order.share(0, 1, 0, 4)).hasMessageContaining("Invalid step: 1");
  }

  private static List<Position> epochOf(SampleOrder order, int epoch, int ranks) {
    List<Position> seen = new ArrayList<>();
    for (int step = 0; step < order.steps(); step++) {
      for (int rank = 0; rank < ranks; rank++) {
        seen.addAll(order.share(epoch, step, rank, ranks));
      }
    }
    return seen;
  }

  /** Odd group sizes 1…17. */
  private static int[] sizes(long seed, int groups) {
    SplittableRandom random = new SplittableRandom(seed);
    return random.ints(groups, 0, 9).map(n -> 2 * n + 1).toArray();
  }
}
