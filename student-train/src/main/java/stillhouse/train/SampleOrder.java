package stillhouse.train;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/**
 * Which sample is seen when: a pure function of (seed, epoch, step), for any number of ranks.
 *
 * <p>An epoch's sequence is a permutation of the row groups by (seed, epoch), with the rows of each
 * permuted by (seed, epoch, group). Of its n samples, slot j of the batch's B serves the contiguous
 * range [⌊jn/B⌋, ⌊(j+1)n/B⌋), one a step, so a slot stays in a row group until it is through. An
 * epoch has ⌈n/B⌉ steps; in the last, slots with the shorter range have none. Rank r of N serves
 * slots [rB/N, (r+1)B/N). Thread-safe.
 */
public final class SampleOrder {
  /** A row: the index of its row group among the split's, and the row's index in the group. */
  public record Position(int group, int row) {}

  private final int[] rowsPerGroup;
  private final long seed;
  private final int slots;
  private final long samples;

  // The last epoch asked for; derived, so a race only computes it twice.
  private volatile Epoch latest;

  /**
   * @param rowsPerGroup rows of each row group, in the order of the view's files
   * @param slots B, the global batch
   */
  public SampleOrder(int[] rowsPerGroup, long seed, int slots) {
    if (slots < 1) {
      throw new IllegalArgumentException("Invalid global batch: " + slots + " (must be >= 1)");
    }
    this.rowsPerGroup = rowsPerGroup.clone();
    this.seed = seed;
    this.slots = slots;
    long total = 0;
    for (int rows : rowsPerGroup) {
      total += rows;
    }
    if (total == 0) {
      throw new IllegalArgumentException("Invalid sample order: no samples");
    }
    this.samples = total;
  }

  /** n. */
  public long samples() {
    return samples;
  }

  /** B. */
  public int slots() {
    return slots;
  }

  /** Steps of every epoch: ⌈n/B⌉. */
  public int steps() {
    return Math.toIntExact((samples + slots - 1) / slots);
  }

  /**
   * The samples that one rank takes in one step, by rising slot; empty where its slots are done.
   *
   * @throws IllegalArgumentException where {@code ranks} does not divide the batch
   */
  public List<Position> share(int epoch, int step, int rank, int ranks) {
    int each = slotsPerRank(ranks);
    if (rank < 0 || rank >= ranks) {
      throw new IllegalArgumentException(
          "Invalid rank: " + rank + " (must be 0…" + (ranks - 1) + ")");
    }
    if (step < 0 || step >= steps()) {
      throw new IllegalArgumentException(
          "Invalid step: " + step + " (must be 0…" + (steps() - 1) + ")");
    }
    Epoch order = epoch(epoch);
    List<Position> share = new ArrayList<>(each);
    for (int slot = rank * each; slot < (rank + 1) * each; slot++) {
      long at = start(slot) + step;
      if (at < start(slot + 1)) {
        share.add(order.at(at));
      }
    }
    return share;
  }

  /** B/N, refused where it isn't whole. */
  public int slotsPerRank(int ranks) {
    if (ranks < 1 || slots % ranks != 0) {
      throw new IllegalArgumentException(
          "Invalid global batch: "
              + slots
              + " slots for "
              + ranks
              + " ranks (the number of ranks must divide the batch; choose a batch of "
              + Math.max(1, (slots + Math.max(1, ranks) / 2) / Math.max(1, ranks))
                  * Math.max(1, ranks)
              + ")");
    }
    return slots / ranks;
  }

  private long start(int slot) {
    return slot * samples / slots;
  }

  private Epoch epoch(int number) {
    Epoch epoch = latest;
    if (epoch == null || epoch.number != number) {
      epoch = new Epoch(number);
      latest = epoch;
    }
    return epoch;
  }

  /** One epoch's permutation of the groups, and where each begins in the sequence. */
  private final class Epoch {
    final int number;
    final int[] groups;
    final long[] starts;

    Epoch(int number) {
      this.number = number;
      this.groups = permutation(rowsPerGroup.length, -1);
      this.starts = new long[groups.length + 1];
      for (int i = 0; i < groups.length; i++) {
        starts[i + 1] = starts[i] + rowsPerGroup[groups[i]];
      }
    }

    Position at(long index) {
      int low = 0;
      int high = groups.length;
      while (high - low > 1) { // starts[low] <= index < starts[high]
        int middle = (low + high) >>> 1;
        if (starts[middle] <= index) {
          low = middle;
        } else {
          high = middle;
        }
      }
      // Recomputed at every step: a group is a few rows, and nothing has to be kept or evicted.
      int group = groups[low];
      int[] rows = permutation(rowsPerGroup[group], group);
      return new Position(group, rows[(int) (index - starts[low])]);
    }

    private int[] permutation(int size, int group) {
      // Odd multipliers keep the three apart; the generator's own mixing does the rest.
      SplittableRandom random =
          new SplittableRandom(
              seed * 0x9e3779b97f4a7c15L
                  ^ (number + 1L) * 0xbf58476d1ce4e5b9L
                  ^ (group + 2L) * 0x94d049bb133111ebL);
      int[] order = new int[size];
      for (int i = 0; i < size; i++) {
        int j = random.nextInt(i + 1);
        order[i] = order[j];
        order[j] = i;
      }
      return order;
    }
  }
}
