package stillhouse.jobs;

import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.util.ShutdownHookManager;
import org.apache.spark.sql.SparkSession;
import scala.Option;

/**
 * Ends the session before anything else of its JVM ends. A driver that is told to stop has hooks of
 * Spark's which first end the executors of a local cluster, one by one: it takes each for lost and
 * fails to start it anew, in some thousand lines.
 */
final class OrderlyStop {
  private static final int BEFORE_SPARKS = FileSystem.SHUTDOWN_HOOK_PRIORITY + 40; // theirs: + 30
  private static final Runnable STOP = OrderlyStop::stop;

  private OrderlyStop() {}

  /** Once for all sessions of this JVM. */
  static synchronized void prepare() {
    ShutdownHookManager hooks = ShutdownHookManager.get();
    if (!hooks.hasShutdownHook(STOP)) {
      hooks.addShutdownHook(STOP, BEFORE_SPARKS);
    }
  }

  /** Whether the JVM was told to stop: what fails then fails of that. */
  static boolean begun() {
    return ShutdownHookManager.get().isShutdownInProgress();
  }

  private static void stop() {
    Option<SparkSession> session = SparkSession.getDefaultSession();
    if (session.isDefined()) {
      session.get().sparkContext().setLogLevel("OFF"); // of all that fails now this is why
      session.get().stop();
    }
  }
}
