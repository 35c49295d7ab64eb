package stillhouse.cache;

import java.time.Duration;
import java.time.Instant;
import java.util.Map;

/**
 * What a job says that it needs: the content of a file of {@code cache/pins}.
 *
 * @param owner a run's name, or a job's own
 * @param kind of job: {@code train}, {@code evaluate}
 * @param view digest of the training view that it reads; {@link #EVERY_VIEW} while it has not
 *     chosen one yet, empty where it reads none
 * @param versions of the tables that it reads, by name; empty where it reads none any more
 * @param since milliseconds of the epoch; no table version from before is read
 * @param heartbeat when it was last renewed, milliseconds of the epoch
 */
public record Pin(
    String owner,
    String kind,
    String view,
    Map<String, Long> versions,
    long since,
    long heartbeat) {
  public static final String EVERY_VIEW = "*";

  /** Of a driver that is stopped for so long, a pin is no longer taken for a running job's. */
  public static final Duration EXPIRY = Duration.ofHours(1); // a dozen heartbeats

  public Pin {
    versions = Map.copyOf(versions);
  }

  /** Whether its job has been heard of of late. */
  public boolean alive(Instant now) {
    return now.toEpochMilli() - heartbeat < EXPIRY.toMillis();
  }

  /** Whether the training view of this digest must stay. */
  public boolean holds(String digest) {
    return view.equals(EVERY_VIEW) || view.equals(digest);
  }

  Pin renewed(Instant now) {
    return new Pin(owner, kind, view, versions, since, now.toEpochMilli());
  }
}
