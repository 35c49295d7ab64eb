package stillhouse.train;

import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * Looks at one run, of one split, metric and set of images, in the order of their epochs.
 *
 * <p>The best is that of the highest score, and the earlier of two with the same: later training
 * that gains nothing is not worth its place.
 */
public record ValidationHistory(List<ValidationLook> looks) {
  public ValidationHistory {
    looks = looks.stream().sorted(Comparator.comparingInt(ValidationLook::epoch)).toList();
  }

  public Optional<ValidationLook> best() {
    return looks.stream().reduce((best, next) -> next.score() > best.score() ? next : best);
  }

  /** Looks since the best one. */
  public int withoutBetter() {
    return best().map(best -> looks.size() - 1 - looks.indexOf(best)).orElse(0);
  }

  /** Whether so many looks were not better than the best before them; empty: never. */
  boolean exhausted(OptionalInt patience) {
    return patience.isPresent() && withoutBetter() >= patience.getAsInt();
  }
}
