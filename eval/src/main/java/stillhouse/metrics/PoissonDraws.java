package stillhouse.metrics;

import java.io.Serializable;
import java.util.SplittableRandom;
import stillhouse.identity.Fingerprint;

/**
 * The paired bootstrap's sums, added up group by group wherever the groups are: in each draw a
 * group counts k times, k ~ Poisson(1), by a generator seeded with a digest of (group, seed). So
 * partial sums can be made on any machine, in any order and partitioning, and merged to the same
 * bits; what is held is draws × counts numbers, however many groups there are.
 *
 * <p>{@link PairedBootstrap#draws} takes exactly n of n groups; here a draw has Poisson(n) of them.
 * Metrics are ratios of sums, which do not feel that to first order, and a group's share of n of n
 * tends to Poisson(1) as n grows. Source: Hanley and MacGibbon, "Creating non-parametric bootstrap
 * samples using Poisson frequencies", Computer Methods and Programs in Biomedicine 83 (2006);
 * Chamandy et al., "Estimating uncertainty for massive data streams", Google (2012).
 *
 * <p>Mutable; one thread at a time.
 */
public final class PoissonDraws implements Serializable {
  private static final long serialVersionUID = 1L;
  private static final double[] UP_TO = cumulative();

  private final PairedBootstrap bootstrap;
  private int classes;
  private int groups;
  private long[][] sums = {}; // none until the first group says how many classes there are

  public PoissonDraws(PairedBootstrap bootstrap) {
    this.bootstrap = bootstrap;
  }

  /**
   * Adds one group's sums.
   *
   * @param groupId of no group added before, here or in what is merged
   */
  public PoissonDraws add(String groupId, ImageCounts a, ImageCounts b) {
    allocate(a.classes());
    if (a.classes() != classes || b.classes() != classes) {
      throw new IllegalArgumentException(
          "Cannot compare counts of %d and %d classes in group %s with counts of %d"
              .formatted(a.classes(), b.classes(), groupId, classes));
    }
    long[] counts = PairedCounts.joined(a, b);
    groups = Math.addExact(groups, 1);
    add(counts, 1, sums[0]);
    SplittableRandom random = new SplittableRandom(key(groupId));
    for (int draw = 1; draw < sums.length; draw++) {
      int times = poisson(random.nextDouble());
      if (times > 0) {
        add(counts, times, sums[draw]);
      }
    }
    return this;
  }

  /** Adds what another one has added up of other groups. */
  public PoissonDraws merge(PoissonDraws other) {
    if (other.groups == 0) {
      return this;
    }
    allocate(other.classes);
    if (other.classes != classes || other.sums.length != sums.length) {
      throw new IllegalArgumentException(
          "Cannot merge %d draws of %d classes with %d draws of %d"
              .formatted(other.sums.length - 1, other.classes, sums.length - 1, classes));
    }
    groups = Math.addExact(groups, other.groups);
    for (int draw = 0; draw < sums.length; draw++) {
      add(other.sums[draw], 1, sums[draw]);
    }
    return this;
  }

  /** The sums so far; nothing may be added after this. */
  public PairedDraws draws() {
    if (groups == 0) {
      throw new IllegalArgumentException("Cannot compare: there is no image that both tables have");
    }
    return new PairedDraws(classes, groups, sums);
  }

  private void allocate(int ofClasses) {
    if (sums.length == 0) {
      classes = ofClasses;
      sums = new long[1 + bootstrap.resamples()][2 * CountLayout.length(classes)];
    }
  }

  private long key(String groupId) {
    String hex =
        Fingerprint.of("bootstrap")
            .add("group", groupId)
            .add("seed", bootstrap.seed())
            .digest()
            .hex();
    return Long.parseUnsignedLong(hex, 0, 16, 16);
  }

  /**
   * @param unit uniform in [0, 1)
   */
  static int poisson(double unit) {
    int k = 0;
    while (k < UP_TO.length && unit >= UP_TO[k]) {
      k++;
    }
    return k;
  }

  /** P(K ≤ k) of Poisson(1). */
  private static double[] cumulative() {
    double[] upTo = new double[18]; // P(K > 17) < 2^-53, what a double's draw can tell apart
    double term = Math.exp(-1);
    double sum = 0;
    for (int k = 0; k < upTo.length; k++) {
      sum += term;
      upTo[k] = sum;
      term /= k + 1;
    }
    return upTo;
  }

  private static void add(long[] counts, int times, long[] sums) {
    for (int i = 0; i < counts.length; i++) {
      sums[i] += times * counts[i];
    }
  }
}
