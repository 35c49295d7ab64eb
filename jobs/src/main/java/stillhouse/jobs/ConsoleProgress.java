package stillhouse.jobs;

import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import stillhouse.cache.Progress;

/** A line now and then in long work: how much is done and how long the rest may take. */
final class ConsoleProgress implements Progress {
  private static final Logger log = LoggerFactory.getLogger(ConsoleProgress.class);
  private final String job;
  private final Map<String, Long> began = new HashMap<>();

  ConsoleProgress(String job) {
    this.job = job;
    began.put("", System.nanoTime());
  }

  @Override
  public synchronized void report(long done, long total, String phase) {
    long now = System.nanoTime();
    long start = began.computeIfAbsent(phase, p -> began.get(""));
    began.put("", now); // the next phase starts no earlier than this part ended
    double seconds = (now - start) * 1e-9;
    double left = seconds / done * (total - done);
    log.info(
        String.format(
            Locale.ROOT,
            "%s %s: %d of %d (%.0f %%), %.1f a second, about %.0f s left",
            job,
            phase,
            done,
            total,
            100.0 * done / total,
            done / seconds,
            left));
  }
}
