package stillhouse.train;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Tells of a rank's process at once and then now and again, from a thread of its own. */
final class LoadReports implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(LoadReports.class);

  private final CountDownLatch closed = new CountDownLatch(1);

  LoadReports(int rank, int everySeconds, Consumer<RankLoad> tell) {
    ProcessLoad process = ProcessLoad.ofThisJvm();
    Thread thread =
        new Thread(
            () -> {
              try {
                do {
                  tell.accept(new RankLoad(rank, process.sample()));
                } while (!closed.await(everySeconds, TimeUnit.SECONDS));
              } catch (RuntimeException e) { // uncaught, it would end the executor with it
                LOG.info("Rank {} tells no more of its process: {}", rank, e.toString());
              } catch (InterruptedException e) {
                Thread.currentThread().interrupt(); // the executor ends
              }
            },
            "rank-" + rank + "-load");
    thread.setDaemon(true);
    thread.start();
  }

  @Override
  public void close() {
    closed.countDown();
  }
}
