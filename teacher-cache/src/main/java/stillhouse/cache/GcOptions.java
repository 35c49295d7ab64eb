package stillhouse.cache;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import stillhouse.data.View;

/**
 * What {@code gc} may take.
 *
 * @param keep whose rows stay; where it is empty, those of every teacher and setting do
 * @param olderThan rows whose image left the samples within it stay, and so do files that were
 *     written within it, and views
 * @param retain how long files that no newest version names stay for readers of older ones; empty
 *     where VACUUM is not to run
 * @param pins that hold
 * @param namedViews digests of views that a run's record names
 * @param everyView whether all views stay, since some run's view isn't known
 * @param everything whether it may be that no row of features stays
 * @param otherViews whether rows of a teacher that stays may go where their view is not named
 * @param dryRun whether it is only said what would go
 */
public record GcOptions(
    List<Kept> keep,
    Duration olderThan,
    Optional<Duration> retain,
    List<Pin> pins,
    Set<String> namedViews,
    boolean everyView,
    boolean everything,
    boolean otherViews,
    boolean dryRun) {
  /** Rows of one teacher under one choice of settings: in these views of training images. */
  public record Kept(CacheKeys keys, List<View> views) {}

  public GcOptions {
    keep = List.copyOf(keep);
    pins = List.copyOf(pins);
    namedViews = Set.copyOf(namedViews);
  }

  /** Milliseconds of the epoch: what is older may go. */
  long before(Instant now) {
    return now.minus(olderThan).toEpochMilli();
  }
}
