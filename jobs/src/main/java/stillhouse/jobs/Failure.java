package stillhouse.jobs;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import stillhouse.conf.ConfigException;
import stillhouse.data.UnreadableImageException;
import stillhouse.predict.BrokenNetworkException;
import stillhouse.teacher.TeacherException;
import stillhouse.tracking.TrackingException;
import stillhouse.train.CheckpointException;
import stillhouse.train.TrainingException;

/**
 * Why a job ended, as its user is told: what went wrong at the root, not what Spark made of it.
 *
 * @param mendable whether the message names what the user can put right
 */
record Failure(String message, boolean mendable) {
  private static final Set<String> MENDABLE =
      Set.of(
          ConfigException.class.getName(),
          TeacherException.class.getName(),
          TrackingException.class.getName(),
          UnreadableImageException.class.getName(),
          BrokenNetworkException.class.getName());

  // Spark gives a failed barrier stage as text only: an exception's name, its message, its frames.
  private static final Pattern IN_TEXT =
      Pattern.compile(
          "((?:[a-z]\\w*\\.)+[A-Z][\\w$]*(?:Exception|Error)): (.*?)(?=\\R\\s*at |\\RCaused by:"
              + " |\\z)",
          Pattern.DOTALL);

  // Spark and Delta each have their sentence about a file that can't be read; all name it.
  private static final Pattern TABLE_FILE =
      Pattern.compile(
          "(?:reading file|footer for file:?|File)"
              + " (\\S.*?/(cache/(?:features|answers|structure)|tables/(?:samples|quarantine))"
              + "/[^\\s/]+\\.parquet)");
  private static final String SPARK = "org.apache.spark.";

  static Failure of(Throwable thrown) {
    List<Throwable> chain = chain(thrown);
    Optional<Throwable> mendable = chain.stream().filter(Failure::isMendable).findFirst();
    if (mendable.isPresent()) {
      return new Failure(said(mendable.get()), true);
    }
    Optional<Failure> damaged = damagedFile(chain);
    if (damaged.isPresent()) {
      return damaged.get();
    }
    return chain.stream()
        .map(Failure::inText)
        .flatMap(Optional::stream)
        .findFirst()
        .orElseGet(
            () -> new Failure(joined(said(thrown), said(chain.get(chain.size() - 1))), false));
  }

  /** Which network says no number, and of what, where that is why a job ended. */
  static Optional<String> ofBrokenNetwork(Throwable thrown) {
    return chain(thrown).stream()
        .filter(BrokenNetworkException.class::isInstance)
        .map(Failure::said)
        .findFirst();
  }

  /** A file of the workspace's tables that Parquet can't read, or that is gone. */
  private static Optional<Failure> damagedFile(List<Throwable> chain) {
    return chain.stream()
        .map(t -> TABLE_FILE.matcher(t.getMessage() == null ? "" : t.getMessage()))
        .filter(Matcher::find)
        .map(found -> damaged(found, said(chain.get(chain.size() - 1))))
        .findFirst();
  }

  private static Failure damaged(Matcher found, String cause) {
    boolean cached = found.group(2).startsWith("cache/");
    return new Failure(
        "Cannot read %s file %s: %s. It is damaged: 'verify' says what else is, %s."
            .formatted(
                cached ? "cache" : "table",
                found.group(1),
                cause.lines().findFirst().orElse(cause),
                cached
                    ? "'cache --repair' (or 'refresh --repair') takes damaged files out and asks the teacher again"
                    : "'refresh --repair' takes damaged files out and reads their images again"),
        true);
  }

  /** Training's own exceptions refuse something without a cause, and tell of a failure with one. */
  private static boolean isMendable(Throwable t) {
    return MENDABLE.contains(t.getClass().getName())
        || ((t instanceof TrainingException || t instanceof CheckpointException)
            && t.getCause() == null);
  }

  private static List<Throwable> chain(Throwable thrown) {
    List<Throwable> chain = new ArrayList<>();
    for (Throwable t = thrown; t != null && !chain.contains(t); t = t.getCause()) {
      chain.add(t);
    }
    return chain;
  }

  private record Told(String type, String message) {
    /** An error's message is a mere name, such as a class's. */
    static Told of(String type, String message) {
      String name = type.substring(type.lastIndexOf('.') + 1);
      return new Told(type, type.endsWith("Error") ? name + ": " + message : message);
    }

    boolean mendable() {
      return MENDABLE.contains(type);
    }

    /** What the user can mend comes first, then what Stillhouse says, then anything else. */
    int rank() {
      return mendable() ? 0 : type.startsWith("stillhouse.") ? 1 : 2;
    }
  }

  /** The best of the exceptions that a text tells of; of equals the first, which says the most. */
  private static Optional<Failure> inText(Throwable t) {
    String text = t.getMessage() == null ? "" : t.getMessage();
    if (!text.contains("\tat ")) { // a sentence, not a trace
      return Optional.empty();
    }
    List<Told> told =
        IN_TEXT
            .matcher(text)
            .results()
            .map(m -> Told.of(m.group(1), m.group(2)))
            .filter(e -> !e.type().startsWith(SPARK))
            .toList();
    return told.stream()
        .min(Comparator.comparingInt(Told::rank))
        .map(best -> best.mendable() ? new Failure(best.message(), true) : failure(best, told));
  }

  private static Failure failure(Told best, List<Told> told) {
    return new Failure(joined(best.message(), told.get(told.size() - 1).message()), false);
  }

  private static String joined(String outer, String root) {
    return outer.contains(root) ? outer : outer + ": " + root;
  }

  private static String said(Throwable t) {
    return t.getMessage() == null || t.getMessage().isBlank()
        ? t.getClass().getName()
        : t.getMessage();
  }
}
