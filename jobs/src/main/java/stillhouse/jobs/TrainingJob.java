package stillhouse.jobs;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.spark.sql.SparkSession;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import stillhouse.cache.Pins;
import stillhouse.cache.TrainingView;
import stillhouse.conf.ConfigException;
import stillhouse.data.DatasetConfig;
import stillhouse.identity.Sha256;
import stillhouse.student.StudentConfig;
import stillhouse.teacher.LocalTeacher;
import stillhouse.teacher.TeacherSpec;
import stillhouse.tracking.TrackingServer;
import stillhouse.train.BarrierTraining;
import stillhouse.train.Checkpoint;
import stillhouse.train.Checkpoints;
import stillhouse.train.EpochGate;
import stillhouse.train.Experiment;
import stillhouse.train.Recipe;
import stillhouse.train.SupersededException;
import stillhouse.train.TrainingException;
import stillhouse.train.TrainingPlan;
import stillhouse.train.TrainingReport;
import stillhouse.train.TrainingReports;
import stillhouse.train.TrainingRun;
import stillhouse.train.TrainingSettings;

/**
 * The runs of one train job: they share a session, a server and, where they can, a training view.
 */
final class TrainingJob {
  private static final Logger log = LoggerFactory.getLogger(TrainingJob.class);
  private static final int COLLECTIVE_TIMEOUT_SECONDS =
      300; // far past a step of the largest student
  private static final int REPORT_EVERY_STEPS = 5;
  private static final int MIN_EPOCHS_A_JOB = 5; // a barrier job takes seconds to set up

  /**
   * One run that was asked for.
   *
   * @param tags of its MLflow run, beside the job's
   */
  record Order(Recipe recipe, Path recipeFile, long seed, String name, Map<String, String> tags) {
    Order with(Recipe other) {
      return new Order(other, recipeFile, seed, name, tags);
    }
  }

  private final SparkSession spark;
  private final TrackingServer server;
  private final RootOption root;
  private final StudentConfig student;
  private final Path studentFile;
  private final TrainingOptions options;
  private final ViewMaker views;
  private final RunPins pins;
  private final RunFacts facts;
  private final Validation validation;
  private final PromptedRuns promptedRuns;

  TrainingJob(
      SparkSession spark,
      TrackingServer server,
      RootOption root,
      DatasetConfig dataset,
      Optional<LocalTeacher> teacher,
      StudentConfig student,
      Path studentFile,
      TrainingOptions options) {
    this.spark = spark;
    this.server = server;
    this.root = root;
    this.student = student;
    this.studentFile = studentFile;
    this.options = options;
    this.pins = new RunPins(spark, root.uri());
    this.facts = new RunFacts(root, dataset, teacher, student, options);
    this.validation = new Validation(spark, root, dataset, student);
    this.promptedRuns = new PromptedRuns(student, studentFile, teacher);
    this.views =
        new ViewMaker(
            spark,
            root.uri(),
            dataset,
            teacher.map(LocalTeacher::spec),
            options.labels(),
            options.partial());
  }

  /**
   * Trains each, or finds it trained. All are held against what lies under their names before the
   * first trains.
   *
   * @return what MLflow lacks, a sentence a run; empty where it knows all of them
   */
  List<String> run(List<Order> orders) {
    Map<String, Pins.Held> pinned = new HashMap<>();
    List<PreparedRun> all =
        pins.preparing(
            () -> {
              List<PreparedRun> prepared = orders.stream().map(this::prepare).toList();
              prepared.stream()
                  .filter(p -> !p.isTrained())
                  .flatMap(p -> reviewer(p).stream())
                  .findFirst()
                  .ifPresent(ReviewJob::requireAnswers); // before anything is pinned
              prepared.stream().filter(p -> !p.isTrained()).forEach(p -> pin(p, pinned));
              return prepared;
            });
    try (var looked = pins.evaluating()) { // looks are at the images of now
      return all.stream().map(prepared -> run(prepared, pinned)).flatMap(Optional::stream).toList();
    } finally {
      pinned.values().forEach(Pins.Held::leave); // those not trained can be resumed
    }
  }

  /**
   * Holds each against what lies under its name, makes the views that they read and notes the
   * verdicts that they use, so that what is ingested or judged later changes none; trains none.
   *
   * @throws ConfigException where a run of one of the names is of other terms
   */
  void require(List<Order> orders) {
    List<PreparedRun> all = pins.preparing(() -> orders.stream().map(this::prepare).toList());
    all.stream().filter(p -> !p.isTrained()).forEach(p -> p.judged().keep(p.folder()));
  }

  private void pin(PreparedRun prepared, Map<String, Pins.Held> pinned) {
    String name = prepared.order().name();
    pinned.put(name, pins.training(name, prepared.view().info().digest()));
  }

  private PreparedRun prepare(Order asked) {
    Path folder = root.runs().resolve(asked.name());
    Order order = promptedRuns.ready(asked, folder, views);
    TrainingView view = views.of(order.recipe());
    JudgedSamples judged = judged(order.recipe(), folder);
    Experiment experiment =
        new Experiment(
            order.recipe(),
            student,
            view.folder(),
            views.labelFraction(order.recipe()),
            judged.weights(),
            promptedRuns.decoder(order.recipe()));
    TrainingPlan plan = plan(order, view);
    TrainingRun run = trainingRun(order, plan, experiment.identity(plan, view.info()));
    PreparedRun prepared = new PreparedRun(order, folder, view, judged, experiment, run);
    if (prepared.isTrained()) {
      RunRecord.read(folder).requireIdentity(run.identity(), folder, run.checkpoints());
    } else {
      promptedRuns.require(prepared);
      checkpoints(run).requireIdentity(run.identity());
      prepared.validation().ifPresent(v -> validation.samples(v.split()));
    }
    return prepared;
  }

  private JudgedSamples judged(Recipe recipe, Path folder) {
    return options.verdicts(recipe)
        ? JudgedSamples.of(spark, root.uri(), recipe.curriculum(), folder)
        : JudgedSamples.NONE;
  }

  private Checkpoints checkpoints(TrainingRun run) {
    return new Checkpoints(
        run.checkpoints(), run.keepCheckpoints(), spark.sparkContext().hadoopConfiguration());
  }

  private Optional<String> run(PreparedRun prepared, Map<String, Pins.Held> pinned) {
    if (prepared.isTrained()) {
      return leaveAlone(prepared);
    }
    Optional<String> lacking = train(prepared);
    pinned.get(prepared.order().name()).close();
    return lacking;
  }

  private Optional<String> leaveAlone(PreparedRun prepared) {
    log.info(
        "Run {} is trained already; to train it again remove {} and {}",
        prepared.order().name(),
        prepared.folder(),
        prepared.run().checkpoints());
    RunRecord record = RunRecord.read(prepared.folder());
    if (!RunTracking.incomplete(prepared.folder()) && !record.mlflowRun().isEmpty()) {
      return Optional.empty();
    }
    return RunTracking.complete(server, facts.of(prepared, record.ranks()), record);
  }

  private Optional<String> train(PreparedRun prepared) {
    Order order = prepared.order();
    TrainingRun run = prepared.run();
    KeptRecipe.write(order.recipeFile(), order.recipe(), prepared.folder().resolve("recipe.yaml"));
    keep(studentFile, prepared.folder().resolve("student.yaml"));
    prepared.judged().keep(prepared.folder());
    RunTracking tracking = RunTracking.start(server, facts.of(prepared, options.ranks()));
    TrainingReport report;
    Optional<Checkpoint> best;
    RunRecord record;
    boolean trained = false;
    boolean superseded = false;
    try {
      try (var curves =
              new RunCurves(order.name(), run.plan(), tracking, TrainingBar.of(prepared));
          var hearing = TrainingReports.listen(run.id(), curves)) {
        report = BarrierTraining.run(spark, run, prepared.experiment(), gates(prepared, tracking));
      }
      best = prepared.validation().map(v -> best(run));
      record = facts.record(prepared, report, best, tracking.id());
      tracking.untold(); // first: a driver that is stopped between the two leaves it to be told
      record.write(prepared.folder());
      trained = true;
    } catch (SupersededException e) {
      superseded = true;
      throw e;
    } finally {
      if (superseded) {
        tracking.left();
      } else if (!trained) {
        tracking.failed();
      }
    }
    log.info(
        "Trained {}: {} steps in {} s, {} images/s; all {} ranks hold weights {}",
        order.name(),
        report.steps(),
        Math.round(report.seconds()),
        Math.round(report.imagesPerSecond()),
        report.rankDigests().size(),
        report.weights().brief());
    best.ifPresent(
        b ->
            log.info(
                "Its best is after epoch {}, and ships: {}", b.position().epoch(), b.folder()));
    return tracking.trained(
        record,
        Map.of(
            "train/seconds",
            record.seconds(),
            "train/mean_images_per_second",
            report.imagesPerSecond()));
  }

  private List<EpochGate> gates(PreparedRun prepared, RunTracking tracking) {
    List<EpochGate> gates = new ArrayList<>();
    prepared.validation().ifPresent(v -> gates.add(validation.gate(prepared, v, tracking)));
    reviewer(prepared)
        .map(
            job ->
                new ReviewGate(
                    prepared.review().orElseThrow().everyEpochs(),
                    job,
                    prepared,
                    validation.student(prepared),
                    tracking))
        .ifPresent(gates::add);
    return gates;
  }

  private Checkpoint best(TrainingRun run) {
    return checkpoints(run)
        .best()
        .orElseThrow(
            () ->
                new TrainingException(
                    "Run '%s' was validated, and none of its checkpoints in %s is marked as the best: another driver trained it, too, or a mark was removed. Remove the folder validation/ there and run the same command again: the last checkpoint is looked at anew."
                        .formatted(run.id(), run.checkpoints())));
  }

  /** Who holds a run's student against the teacher while it trains; empty where nobody does. */
  private Optional<ReviewJob> reviewer(PreparedRun prepared) {
    return prepared
        .review()
        .map(
            review -> {
              TeacherSpec spec = facts.teacher().orElseThrow().spec(); // as the command requires
              ReviewTerms terms = ReviewEveryOption.terms(review);
              return new ReviewJob(spark, root.uri(), facts.dataset(), spec, terms);
            });
  }

  private TrainingPlan plan(Order order, TrainingView view) {
    TrainingSettings training = order.recipe().training();
    int stepsPerEpoch = Experiment.stepsPerEpoch(view.info(), training.batch());
    int epochs = options.epochs(order.recipe(), stepsPerEpoch);
    new BatchFit(training.batch(), view.info().samples("train"))
        .warning(order.name())
        .ifPresent(log::warn);
    List<TrainingPlan.Phase> phases = phases(order, epochs, stepsPerEpoch);
    return new TrainingPlan(
        epochs,
        training.batch(),
        training.optimizer().learningRate(),
        training.optimizer().weightDecay(),
        (int) Math.round(training.schedule().warmupEpochs() * stepsPerEpoch),
        training.clipNorm() == null ? Double.POSITIVE_INFINITY : training.clipNorm(),
        training.accumulation() == null ? 1 : training.accumulation(),
        training.ema() == null ? 0 : training.ema(),
        order.seed(),
        phases);
  }

  private static List<TrainingPlan.Phase> phases(Order order, int epochs, int stepsPerEpoch) {
    try {
      return order.recipe().plan(epochs, stepsPerEpoch);
    } catch (IllegalArgumentException e) {
      throw new ConfigException(
          "Cannot train by recipe %s for %d epochs: %s. Train longer, or set warmupEpochs in %s."
              .formatted(order.recipe().name(), epochs, e.getMessage(), order.recipeFile()),
          e);
    }
  }

  private TrainingRun trainingRun(Order order, TrainingPlan plan, Sha256 identity) {
    return new TrainingRun(
        order.name(),
        root.checkpoints(order.name()),
        options.ranks(),
        plan,
        identity,
        Math.max(MIN_EPOCHS_A_JOB, (plan.epochs() + 2) / 3),
        0,
        2,
        COLLECTIVE_TIMEOUT_SECONDS,
        REPORT_EVERY_STEPS);
  }

  private static void keep(Path file, Path copy) {
    try {
      Files.createDirectories(copy.getParent());
      Files.copy(file, copy, StandardCopyOption.REPLACE_EXISTING);
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot copy " + file + " to " + copy, e);
    }
  }
}
