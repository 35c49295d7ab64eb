package stillhouse.teacher;

import java.io.Serializable;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * What a lone point means in a data set, of all that it lies on: the box that goes in with it.
 *
 * <p>Of the proposals that hold the point and have a score of at least {@code minScore} the {@code
 * nearest} whose middles are nearest to the point (of equals those of greater score, then the
 * first) are merged side by side, each with its score for a weight: x₀ = Σ s_i x₀_i / Σ s_i, and so
 * the other three. Where there is none the point goes in alone.
 *
 * <p>Source: EdgeSAM (Zhou et al., 2023), "granularity priors": the K proposals whose centres are
 * nearest to the point, merged by their scores. Ours: a proposal that does not hold the point is no
 * candidate, so that the merged box holds it and fewer than K sure ones are not made up by another
 * object's; and there is no non-maximum suppression before, so that neighbouring cells vote.
 *
 * @param nearest K, at least 1
 * @param minScore 0…1
 */
public record GranularityPrior(int nearest, double minScore) implements Serializable {
  /**
   * Of a student that is exported. Ours: a box that is wrong costs more than one that is missing,
   * and a proposal of a short training is rarely sure.
   */
  public static final GranularityPrior DEFAULT = new GranularityPrior(5, 0.3);

  public GranularityPrior {
    if (nearest < 1 || !(minScore >= 0 && minScore <= 1)) {
      throw new IllegalArgumentException(
          "Invalid granularity: nearest %d, minScore %s (must be >= 1 and 0…1)"
              .formatted(nearest, minScore));
    }
  }

  /**
   * The merged box.
   *
   * @param x of the point, in pixels of the network's input, as the answer is
   */
  Optional<Prompt.Box> around(float x, float y, Proposals proposals) {
    List<Integer> chosen =
        IntStream.range(0, proposals.count())
            .filter(i -> proposals.score(i) >= minScore && proposals.score(i) > 0)
            .filter(i -> proposals.holds(i, x, y))
            .boxed()
            .sorted(
                Comparator.<Integer>comparingDouble(i -> proposals.distance(i, x, y))
                    .thenComparing(i -> -proposals.score(i)))
            .limit(nearest)
            .toList();
    return chosen.isEmpty() ? Optional.empty() : Optional.of(merged(chosen, proposals));
  }

  private static Prompt.Box merged(List<Integer> chosen, Proposals proposals) {
    double[] sums = new double[4];
    double weights = 0;
    for (int i : chosen) {
      double score = proposals.score(i);
      sums[0] += score * proposals.x0(i);
      sums[1] += score * proposals.y0(i);
      sums[2] += score * proposals.x1(i);
      sums[3] += score * proposals.y1(i);
      weights += score;
    }
    return new Prompt.Box(
        1, // whatever it is: proposals have no class
        (float) (sums[0] / weights),
        (float) (sums[1] / weights),
        (float) (sums[2] / weights),
        (float) (sums[3] / weights));
  }
}
