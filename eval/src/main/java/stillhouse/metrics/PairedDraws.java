package stillhouse.metrics;

import java.util.Arrays;

/**
 * Two predictors' counts, summed over all groups and over each bootstrap draw of them: draws ×
 * counts numbers, however many groups there are. Immutable.
 */
public final class PairedDraws {
  private final int classes;
  private final int groups;
  private final long[][] sums;

  /**
   * @param sums [1 + draws][A's counts, then B's]; the first entry has every group once
   */
  PairedDraws(int classes, int groups, long[][] sums) {
    this.classes = classes;
    this.groups = groups;
    this.sums = sums;
  }

  public int groups() {
    return groups;
  }

  int draws() {
    return sums.length - 1;
  }

  /** Predictor A's sums under a draw; draw 0 has every group once. */
  ImageCounts a(int draw) {
    return counts(draw, 0);
  }

  ImageCounts b(int draw) {
    return counts(draw, CountLayout.length(classes));
  }

  private ImageCounts counts(int draw, int from) {
    int to = from + CountLayout.length(classes);
    return new ImageCounts(classes, Arrays.copyOfRange(sums[draw], from, to));
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof PairedDraws that
        && classes == that.classes
        && groups == that.groups
        && Arrays.deepEquals(sums, that.sums);
  }

  @Override
  public int hashCode() {
    return Arrays.deepHashCode(sums);
  }

  @Override
  public String toString() {
    return "PairedDraws[" + draws() + " of " + groups + " groups, " + classes + " classes]";
  }
}
