package stillhouse.jobs;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.spark.sql.SparkSession;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import stillhouse.cache.Pins;
import stillhouse.conf.ConfigException;
import stillhouse.data.DatasetConfig;
import stillhouse.teacher.LocalTeacher;
import stillhouse.tracking.TrackingServer;

/**
 * Trains, exports and scores every run with every seed, in one Spark application, and makes the
 * table. Whatever is there already is taken as it is; one that fails leaves the others to go on.
 */
final class SweepJob {
  private static final Logger log = LoggerFactory.getLogger(SweepJob.class);

  private final SparkSession spark;
  private final TrackingServer server;
  private final RootOption root;
  private final DatasetConfig dataset;
  private final Optional<LocalTeacher> teacher;
  private final Path file;
  private final SweepGrid grid;
  private final Map<SweepCell, TrainingJob> jobs = new LinkedHashMap<>();
  private final Map<SweepCell, Path> recipes = new LinkedHashMap<>();
  private final List<String> lacking = new ArrayList<>();

  /**
   * @param file of the sweep
   */
  SweepJob(
      SparkSession spark,
      TrackingServer server,
      RootOption root,
      DatasetConfig dataset,
      Optional<LocalTeacher> teacher,
      Path file,
      SweepGrid grid) {
    this.spark = spark;
    this.server = server;
    this.root = root;
    this.dataset = dataset;
    this.teacher = teacher;
    this.file = file;
    this.grid = grid;
    for (SweepCell cell : grid.cells()) {
      jobs.put(
          cell,
          new TrainingJob(
              spark,
              server,
              root,
              dataset,
              teacher,
              cell.student(),
              cell.studentFile(),
              cell.options()));
    }
  }

  /**
   * @param lacking what MLflow does not know, a sentence each; empty where it knows all of it
   */
  record Report(SweepTable table, Path folder, List<String> lacking) {
    boolean whole() {
      return lacking.isEmpty() && table.failures().isEmpty();
    }
  }

  /** Where the table lies. */
  Path folder() {
    return folder(root, grid.config());
  }

  static Path folder(RootOption root, SweepConfig config) {
    return root.runs().resolve("_sweeps").resolve(config.name());
  }

  /**
   * @throws ConfigException where a run of one of the names is of other terms: nothing was trained
   *     then
   */
  Report run() throws IOException {
    for (SweepCell cell : grid.cells()) {
      recipes.put(cell, cell.writeRecipe(folder().resolve("recipes")));
    }
    Map<String, Long> read = Pins.versions(spark, root.uri());
    grid.cells().forEach(this::require);
    requireUnchanged(file, read, Pins.versions(spark, root.uri()));
    SweepTracking tracking =
        SweepTracking.start(server, dataset.name(), grid.config().name(), folder());
    boolean told = false;
    try (var pinned = new RunPins(spark, root.uri()).evaluating()) {
      SweepTable table = table(tracking);
      List<Path> files = write(table);
      told = tracking.tell(table, files);
      if (!told) {
        lacking.add(grid.config().name() + ": MLflow was not told the sweep's table");
      }
      return new Report(table, folder(), List.copyOf(lacking));
    } finally {
      if (!told) {
        tracking.failed();
      }
    }
  }

  /**
   * All of a sweep's views are made before its first training. They are of the same data where
   * nothing was written meanwhile.
   */
  static void requireUnchanged(Path file, Map<String, Long> read, Map<String, Long> now) {
    if (!now.equals(read)) {
      throw new ConfigException(
          "Cannot run sweep %s: its data changed while its training views were made (versions of tables were %s, are %s), so runs would not be comparable. Run the same command again once nothing is ingested or cached."
              .formatted(file, read, now));
    }
  }

  private void require(SweepCell cell) {
    List<TrainingJob.Order> orders =
        grid.config().seeds().stream().map(seed -> order(cell, seed, Map.of())).toList();
    try {
      jobs.get(cell).require(orders);
    } catch (ConfigException e) {
      throw new ConfigException(
          "Cannot run sweep %s: run %s: %s".formatted(file, cell.run(), e.getMessage()), e);
    }
  }

  private TrainingJob.Order order(SweepCell cell, long seed, Map<String, String> tags) {
    return new TrainingJob.Order(cell.recipe(), recipes.get(cell), seed, cell.runName(seed), tags);
  }

  private SweepTable table(SweepTracking tracking) throws IOException {
    Optional<LocalTeacher> answering = teacher.filter(t -> t.spec().answers());
    TestSamples samples =
        TestSamples.of(
            spark, root.uri(), dataset, grid.config().split(), answering.map(LocalTeacher::spec));
    Scoring scoring = new Scoring(spark, server, samples, answering, root, false);
    Optional<Score> asked =
        answering.isPresent() ? Optional.of(scoring.teacher(answering.get())) : Optional.empty();
    List<SweepOutcome> outcomes = train(tracking, scoring);
    log.info("Comparing with {}", grid.config().baseline());
    return SweepTable.of(grid, outcomes, facts(samples), asked, new RunDraws(spark, root)::of);
  }

  private Map<String, String> facts(TestSamples samples) {
    Map<String, String> facts = new LinkedHashMap<>();
    facts.put("data set", dataset.name());
    facts.put("scored", samples.set().images() + " images of split " + samples.split());
    teacher.ifPresent(
        t -> {
          facts.put("teacher", t.spec().name());
          if (t.spec().promptable()) {
            String labels = Prompts.of(dataset).supervision();
            facts.put(
                "prompts",
                dataset.prompts().source().text()
                    + (labels.isEmpty() ? " (label-free)" : ": " + labels));
          }
        });
    return facts;
  }

  private List<SweepOutcome> train(SweepTracking tracking, Scoring scoring) {
    var exporting = new Exporting(root, server, JobSession.hadoop(), false);
    List<SweepGrid.Trial> trials = grid.trials();
    var progress =
        new SweepProgress(grid.config().name(), trials.stream().filter(this::open).count());
    List<SweepOutcome> outcomes = new ArrayList<>();
    for (int i = 0; i < trials.size(); i++) {
      SweepGrid.Trial trial = trials.get(i);
      boolean open = open(trial);
      log.info("Run {} of {}: {}", i + 1, trials.size(), trial.name());
      SweepOutcome outcome = attempt(trial, tracking, exporting, scoring);
      outcomes.add(outcome);
      if (open) {
        log.info("{}", progress.after(i + 1, trials.size()));
      }
    }
    return outcomes;
  }

  /** Whether it has no score yet. */
  private boolean open(SweepGrid.Trial trial) {
    return !Files.exists(root.runs().resolve(trial.name()).resolve(Score.FILE));
  }

  private SweepOutcome attempt(
      SweepGrid.Trial trial, SweepTracking tracking, Exporting exporting, Scoring scoring) {
    Path folder = root.runs().resolve(trial.name());
    SweepOutcome.Stage stage = SweepOutcome.Stage.TRAIN;
    try {
      TrainingJob.Order order = order(trial.cell(), trial.seed(), tracking.tags(trial.cell()));
      lacking.addAll(jobs.get(trial.cell()).run(List.of(order)));
      stage = SweepOutcome.Stage.EXPORT;
      exporting.export(folder);
      stage = SweepOutcome.Stage.EVALUATE;
      Score score = scoring.students().student(folder);
      return new SweepOutcome.Done(
          trial, RunRecord.read(folder), score, JudgedSamples.begunWith(folder).orElse(-1));
    } catch (Exception e) { // Spark throws its checked exceptions undeclared
      if (spark.sparkContext().isStopped()) {
        throw new IllegalStateException(
            "Cannot go on with sweep " + grid.config().name() + ": Spark has stopped", e);
      }
      var failed = new SweepOutcome.Failed(trial, stage, Failure.of(e).message());
      log.warn("{}. The sweep goes on with the others", failed, e);
      return failed;
    }
  }

  private List<Path> write(SweepTable table) {
    Path folder = folder();
    Path json = folder.resolve("table.json");
    Path text = folder.resolve("table.md");
    Path picture = folder.resolve("table.png");
    Path copy = folder.resolve("sweep.yaml");
    JsonFiles.write(json, table.toMap());
    try {
      Files.write(picture, SweepPicture.png(table));
      Files.writeString(text, new SweepText(table).markdown(picture.getFileName().toString()));
      Files.copy(file, copy, StandardCopyOption.REPLACE_EXISTING);
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot write the sweep's table to " + folder, e);
    }
    return List.of(text, json, picture, copy);
  }
}
