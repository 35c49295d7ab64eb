package stillhouse.jobs;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import stillhouse.tracking.CurveSpool;
import stillhouse.tracking.TrackedRun;
import stillhouse.tracking.TrackingException;
import stillhouse.tracking.TrackingServer;

/**
 * What one run tells the MLflow server. A server that is away ends no training: what it was not
 * told is warned of, and noted in the run's folder until a later train job has told it.
 */
final class RunTracking {
  private static final Logger log = LoggerFactory.getLogger(RunTracking.class);
  static final String REVIEW = "review";
  static final String INCOMPLETE = "mlflow-incomplete.txt";
  static final String REMEDY =
      "Run the same command again once it answers: nothing is trained anew, all that is missing is sent.";
  private static final long SPOOL_BYTES =
      1 << 24; // then a file whose values MLflow has starts anew

  /**
   * What is known of a run before it trains.
   *
   * @param folder of run.json, and of the YAML files as they are used
   * @param view folder of the training view
   * @param verdicts what else went into the run: the digest of the verdicts that it uses, by their
   *     table; empty where it uses none
   */
  record Facts(
      String name,
      String dataset,
      Path folder,
      String view,
      String viewDigest,
      Map<String, String> tags,
      Map<String, String> params,
      Map<String, String> verdicts) {}

  private final TrackingServer server;
  private final Facts facts;
  private final String known; // id of a run that is there already; empty: one is started
  private final List<String> missing = new ArrayList<>();
  private final CurveSpool spool;
  private long unkept; // values that the spool could not take
  private boolean behind; // the spool has values that the run's own queue never had
  private TrackedRun run; // null while the server has not answered
  private boolean described;
  private boolean reviewsLack; // pictures that were not sent

  private RunTracking(TrackingServer server, Facts facts, String known) {
    this.server = server;
    this.facts = facts;
    this.known = known;
    this.spool = new CurveSpool(facts.folder());
    this.behind = !spool.isEmpty(); // an earlier driver's
  }

  /**
   * Starts and describes a run that is about to train, or goes on with the one that a driver before
   * this began; or warns that MLflow has none.
   */
  static RunTracking start(TrackingServer server, Facts facts) {
    RunTracking tracking = new RunTracking(server, facts, "");
    tracking.begin(
        "Training goes on; its curves are kept in %s and sent at its end."
            .formatted(facts.folder().resolve(CurveSpool.FILE)));
    return tracking;
  }

  /** Whether MLflow lacks something of a run that was trained before. */
  static boolean incomplete(Path folder) {
    return Files.exists(folder.resolve(INCOMPLETE));
  }

  /**
   * Tells what MLflow lacks of a run that was trained before.
   *
   * @return what it still lacks
   */
  static Optional<String> complete(TrackingServer server, Facts facts, RunRecord record) {
    RunTracking tracking = new RunTracking(server, facts, record.mlflowRun());
    tracking.reviewsLack = Files.isDirectory(facts.folder().resolve(REVIEW));
    return tracking.trained(record, tracking.spool.isEmpty() ? lastFigures(record) : Map.of());
  }

  /** The run's id in MLflow; empty while it has none. */
  String id() {
    return run == null ? known : run.id();
  }

  /** Keeps metrics of one step until MLflow has them; returns at once. */
  void metrics(Map<String, Double> values, long step) {
    metrics(values, step, System.currentTimeMillis());
  }

  /**
   * Keeps metrics of one step until MLflow has them; returns at once. A value of the same name,
   * step and moment is one point of a curve, however often it is told.
   *
   * @param millis when they were measured, since 1970
   */
  synchronized void metrics(Map<String, Double> values, long step, long millis) {
    if (values.isEmpty()) {
      return;
    }
    keep(values, step, millis);
    if (run == null) {
      behind = true;
    } else {
      run.metrics(values, step, millis);
    }
  }

  /** A folder that can't be written costs training nothing: the values are queued all the same. */
  private void keep(Map<String, Double> values, long step, long now) {
    try {
      if (!behind && run != null && spool.size() > SPOOL_BYTES && run.undeliveredMetrics() == 0) {
        spool.clear();
      }
      spool.add(values, step, now);
    } catch (UncheckedIOException e) {
      if (unkept == 0) {
        log.warn(
            "{} ({}). Training goes on; curves that MLflow does not take meanwhile are lost.",
            e.getMessage(),
            e.getCause().getMessage());
      }
      unkept += values.size();
    }
  }

  /**
   * Sends a file that may be sent again later: where the server is away, it is warned of and not
   * noted as missing.
   */
  void file(Path file, String folder) {
    if (run == null) {
      return;
    }
    try {
      run.artifact(file, folder);
    } catch (TrackingException e) {
      log.warn(
          "Cannot send {} to MLflow at {} (run {}): {}. Training goes on; the export job sends what ships.",
          file,
          server.uri(),
          facts.name(),
          e.getMessage());
    }
  }

  /**
   * Sends a review's pictures. What the server misses is sent once it is trained.
   *
   * @param folder in the run's folder {@value #REVIEW}
   */
  void review(Path folder) {
    reviewsLack |=
        run == null
            || !tell(
                "the pictures of a review",
                "They are sent at the end.",
                r -> r.artifacts(folder, REVIEW + "/" + folder.getFileName()));
  }

  /** Marks a run whose training failed. */
  void failed() {
    if (run != null) {
      String remedy = "MLflow goes on to show the run as running.";
      tell("the curves", remedy, this::deliver);
      tell("that its training failed", remedy, r -> r.finish(false));
    }
  }

  /** Another driver goes on with the run, and says how it ends. */
  void left() {
    if (run != null) {
      tell(
          "the last of this driver's curves",
          "The other driver's are not affected.",
          TrackedRun::close);
    }
  }

  /** Notes, until {@link #trained} has told it, that MLflow does not know how the run ended. */
  void untold() {
    note("that it is trained");
  }

  /**
   * Tells of a run whose record is written, and marks it as finished.
   *
   * @param figures of the whole training
   * @return what MLflow lacks, empty where that is nothing
   */
  Optional<String> trained(RunRecord record, Map<String, Double> figures) {
    missing.clear(); // what failed before training is tried again
    metrics(figures, record.steps());
    if (begin(REMEDY)) {
      if (!record.mlflowRun().equals(id())) {
        record.withMlflowRun(id()).write(facts.folder());
      }
      tell("the digest of the weights", REMEDY, r -> r.tags(ends(record)));
      if (reviewsLack) {
        Path reviews = facts.folder().resolve(REVIEW);
        reviewsLack = !tell("the pictures of reviews", REMEDY, r -> r.artifacts(reviews, REVIEW));
      }
      tell("the curves", REMEDY, this::deliver);
      tell("that it is trained", REMEDY, r -> r.finish(true));
    }
    return noted();
  }

  private static Map<String, String> ends(RunRecord record) {
    Map<String, String> tags = new HashMap<>(Map.of("weights_digest", record.weightsDigest()));
    if (record.bestEpoch() > 0) {
      tags.put("best_epoch", String.valueOf(record.bestEpoch()));
      tags.put("validated_on", record.validatedOn());
      tags.put("stopped_early", String.valueOf(record.stoppedEarly()));
    }
    return tags;
  }

  private boolean begin(String remedy) {
    if (run == null) {
      told("of the run at all", remedy, this::open);
    }
    if (run != null && !described) {
      described = tell("parameters, data and files", remedy, this::describe);
    }
    return run != null;
  }

  /** Waits for what is queued, and sends from the file what never was or could not be. */
  private void deliver(TrackedRun to) {
    try {
      to.close();
    } catch (TrackingException e) {
      log.warn("{}; sending the curves from {}", e.getMessage(), CurveSpool.FILE);
      behind = true;
    }
    if (behind) {
      to.metrics(spool);
      if (unkept > 0) {
        missing.add("up to " + unkept + " values of the curves, for which there was no room");
      }
    }
    spool.clear();
    behind = false;
  }

  private void open() {
    run = known.isEmpty() ? started() : server.resume(known);
  }

  /** The run that an earlier driver began on this server, or a new one. */
  private TrackedRun started() {
    Optional<TrackedRun> begun = BegunRun.read(facts.folder(), server.uri()).flatMap(server::find);
    if (begun.isPresent()) {
      begun.get().reopen();
      return begun.get();
    }
    TrackedRun made = server.start(facts.dataset(), facts.name(), facts.tags());
    BegunRun.write(facts.folder(), server.uri(), made.id());
    return made;
  }

  private void describe(TrackedRun to) {
    if (!to.hasParams()) { // a driver before this one may have had other ranks
      to.params(facts.params());
    }
    to.input(facts.dataset(), facts.viewDigest(), facts.view(), "training");
    facts
        .verdicts()
        .forEach(
            (table, digest) -> to.input(facts.dataset() + "-verdicts", digest, table, "review"));
    for (String file : List.of("recipe.yaml", "student.yaml")) {
      to.artifact(facts.folder().resolve(file), "config");
    }
    if (!facts.verdicts().isEmpty()) {
      to.artifact(facts.folder().resolve(JudgedSamples.FILE), "config");
    }
  }

  private boolean tell(String what, String remedy, Consumer<TrackedRun> call) {
    return told(what, remedy, () -> call.accept(run));
  }

  private boolean told(String what, String remedy, Runnable call) {
    try {
      call.run();
      return true;
    } catch (TrackingException e) {
      log.warn(
          "Cannot tell MLflow at {} {} (run {}): {}. {}",
          server.uri(),
          what,
          facts.name(),
          e.getMessage(),
          remedy);
      missing.add(what);
      return false;
    }
  }

  private Optional<String> noted() {
    if (!missing.isEmpty()) {
      return Optional.of(note(String.join("; ", missing)));
    }
    Path note = facts.folder().resolve(INCOMPLETE);
    try {
      Files.deleteIfExists(note);
      return Optional.empty();
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot remove " + note, e);
    }
  }

  private String note(String what) {
    String lacks = facts.name() + ": MLflow was not told " + what;
    Path note = facts.folder().resolve(INCOMPLETE);
    try {
      Files.createDirectories(facts.folder());
      Files.writeString(note, lacks + "\n");
      return lacks;
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot note in " + note + " what MLflow lacks", e);
    }
  }

  /** What a record says of the training, where MLflow has no curve that ends in it. */
  private static Map<String, Double> lastFigures(RunRecord record) {
    Map<String, Double> figures = new HashMap<>();
    figures.put("train/seconds", record.seconds());
    record.losses().forEach((term, loss) -> figures.put("epoch/loss_" + term, loss));
    return figures;
  }
}
