package stillhouse.predict;

import java.io.Serializable;
import java.util.Comparator;
import java.util.List;
import java.util.TreeSet;

/**
 * The images that score best and worst, so many of each at most whatever passes by. Of equal scores
 * the lower id counts as the worse. Merging gives the same images in any order.
 */
public final class Extremes implements Serializable {
  private static final long serialVersionUID = 1L;

  /** One image's score. */
  public record Image(String sampleId, double score) implements Comparable<Image>, Serializable {
    @Override
    public int compareTo(Image other) {
      int byScore = Double.compare(score, other.score);
      return byScore != 0 ? byScore : sampleId.compareTo(other.sampleId);
    }
  }

  private final int count;
  private final TreeSet<Image> best = new TreeSet<>();
  private final TreeSet<Image> worst = new TreeSet<>();

  /**
   * @param count of either
   */
  Extremes(int count) {
    if (count < 1) {
      throw new IllegalArgumentException("Invalid count: " + count + " (must be ≥ 1)");
    }
    this.count = count;
  }

  Extremes add(Image image) {
    best.add(image);
    worst.add(image);
    if (best.size() > count) {
      best.pollFirst();
    }
    if (worst.size() > count) { // an image of both may have been in one already
      worst.pollLast();
    }
    return this;
  }

  Extremes merge(Extremes other) {
    other.best.forEach(this::add);
    other.worst.forEach(this::add);
    return this;
  }

  /** The best first. */
  public List<Image> best() {
    return best.stream().sorted(Comparator.reverseOrder()).toList();
  }

  /** The worst first; of few images there are some that are among the best, too. */
  public List<Image> worst() {
    return List.copyOf(worst);
  }
}
