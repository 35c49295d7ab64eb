package stillhouse.comm;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import ml.dmlc.xgboost4j.java.CheckedAllReduce;
import ml.dmlc.xgboost4j.java.Communicator;
import ml.dmlc.xgboost4j.java.XGBoostError;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The sum over ranks by XGBoost's Rabit ring, in place on direct memory. The native communicator
 * belongs to the thread that joined; all calls, {@link #close} too, are made from it. A failed
 * collective shows in the native return code, and again in {@link Sentinels}; one that hangs ends
 * in the {@link CollectiveWatchdog}.
 */
public final class RabitAllReduce implements AllReduce {
  private static final Logger LOG = LoggerFactory.getLogger(RabitAllReduce.class);

  private final int rank;
  private final int ranks;
  private final CollectiveWatchdog watchdog;

  private RabitAllReduce(int rank, int ranks, CollectiveWatchdog watchdog) {
    this.rank = rank;
    this.ranks = ranks;
    this.watchdog = watchdog;
  }

  /**
   * Joins the ring; returns once all ranks have.
   *
   * @param trackerArguments of {@link Tracker#arguments()}
   * @throws CommunicationException where the tracker can't be reached or gives another rank
   */
  public static RabitAllReduce join(
      String trackerArguments, int rank, int ranks, CollectiveWatchdog watchdog) {
    Map<String, Object> arguments = new HashMap<>(Tracker.parse(trackerArguments));
    arguments.put("dmlc_task_id", taskId(rank));
    RabitAllReduce joined = new RabitAllReduce(rank, ranks, watchdog);
    try {
      watchdog.guard(joined.name("joining"), () -> Communicator.init(arguments));
      joined.requirePlace(Communicator.getRank(), Communicator.getWorldSize());
    } catch (XGBoostError e) {
      throw new CommunicationException("Cannot join as rank " + rank + " of " + ranks, e);
    }
    return joined;
  }

  /** Zero-padded: the tracker orders task ids as text, where "10" comes before "2". */
  static String taskId(int rank) {
    return String.format(Locale.ROOT, "%08d", rank);
  }

  @Override
  public int rank() {
    return rank;
  }

  @Override
  public int ranks() {
    return ranks;
  }

  @Override
  public void sum(ByteBuffer direct, int count) {
    Sentinels sentinels = new Sentinels(count, ranks);
    requireUsable(direct, sentinels);
    var values = direct.duplicate().order(ByteOrder.nativeOrder()).clear().asFloatBuffer();
    sentinels.set(values);
    try {
      watchdog.guard(
          name("the sum of " + count + " floats"),
          () -> CheckedAllReduce.sum(direct, sentinels.total()));
    } catch (XGBoostError e) {
      throw new CommunicationException(
          "Cannot sum " + count + " floats: rank " + rank + " of " + ranks + ", a peer is gone", e);
    }
    int broken = sentinels.clear(values);
    if (broken >= 0) {
      throw new CommunicationException(
          String.format(
              "Cannot trust the sum of %d floats: rank %d of %d, segment %d carries %s",
              count, rank, ranks, broken, values.get(count + broken)),
          null);
    }
  }

  /** Leaves the ring. After a failed collective this fails too, which is logged only. */
  @Override
  public void close() {
    try {
      watchdog.guard(name("leaving"), Communicator::shutdown);
    } catch (XGBoostError e) {
      LOG.warn("Rank {} of {} did not leave cleanly: {}", rank, ranks, firstLine(e));
    }
  }

  private void requirePlace(int actualRank, int actualRanks) {
    if (actualRank != rank || actualRanks != ranks) {
      throw new CommunicationException(
          String.format(
              "Cannot join as rank %d of %d: the tracker says rank %d of %d",
              rank, ranks, actualRank, actualRanks),
          null);
    }
  }

  private static void requireUsable(ByteBuffer direct, Sentinels sentinels) {
    long needed = (long) sentinels.total() * Float.BYTES;
    if (!direct.isDirect() || direct.capacity() < needed) {
      throw new IllegalArgumentException(
          String.format(
              "Invalid all-reduce buffer: %s of %d bytes (must be direct with at least %d bytes;"
                  + " make it with AllReduce.allocate)",
              direct.isDirect() ? "direct" : "heap", direct.capacity(), needed));
    }
  }

  private String name(String what) {
    return what + " as rank " + rank + " of " + ranks;
  }

  private static String firstLine(XGBoostError e) {
    return String.valueOf(e.getMessage()).lines().findFirst().orElse("");
  }
}
