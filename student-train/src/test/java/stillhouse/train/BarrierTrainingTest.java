package stillhouse.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import stillhouse.identity.Sha256;
import stillhouse.student.Norm;
import stillhouse.student.Weights;
import stillhouse.train.EpochGate.Decision;

/**
 * Real executors, one JVM a rank, over Rabit. With {@code -Dstillhouse.halts=20} that many of them
 * are lost, four at least for an epoch of each phase; {@code halts.seed} says where.
 */
class BarrierTrainingTest {
  private static final int HALTS = Integer.getInteger("stillhouse.halts", 4);
  private static final long HALTS_SEED = Long.getLong("stillhouse.halts.seed", 3);
  private static final TrainingPlan PLAN = new TrainingPlan(3, 8, 0.02, 0.01, 2, 1.0, 42);

  /** For executors that live for seconds. */
  private static final String BRIEF = "-XX:+UseSerialGC -XX:TieredStopAtLevel=1";

  private static final Sha256 IDENTITY = Sha256.of(new byte[] {1});

  @TempDir static Path folder;
  private static SparkSession spark;
  private static TrainingReport undisturbed;
  private static final List<TrainingMetrics> HEARD = new CopyOnWriteArrayList<>();
  private static final Map<Integer, RankLoad> LOADS = new ConcurrentHashMap<>();

  @BeforeAll
  static void trainWithFourRanks() {
    String opens = opens();
    spark =
        SparkSession.builder()
            .master("local-cluster[4,2,1024]") // two tasks fit an executor, two ranks do not
            .appName("barrier-training")
            .config("spark.executor.memory", "1g")
            .config("spark.executor.extraClassPath", System.getProperty("java.class.path"))
            .config("spark.executor.extraJavaOptions", opens + " " + BRIEF)
            .config("spark.plugins", TrainingPlugin.class.getName())
            .config("spark.task.reaper.enabled", "true")
            .config("spark.ui.enabled", "false")
            .config("spark.driver.host", "127.0.0.1")
            .config("spark.sql.warehouse.dir", folder.resolve("warehouse").toString())
            .getOrCreate();
    TrainingListener listener =
        new TrainingListener() {
          @Override
          public void step(TrainingMetrics.Step metrics) {
            HEARD.add(metrics);
          }

          @Override
          public void epoch(TrainingMetrics.Epoch metrics) {
            HEARD.add(metrics);
          }

          @Override
          public void load(RankLoad load) {
            LOADS.put(load.rank(), load);
          }
        };
    try (var heard = TrainingReports.listen("undisturbed", listener)) {
      undisturbed = BarrierTraining.run(spark, run("undisturbed", 4), program());
    }
  }

  @AfterAll
  static void stop() {
    spark.stop();
  }

  @Test
  void allRanksEndWithEqualWeights() {
    assertThat(undisturbed.rankDigests()).hasSize(4).containsOnly(undisturbed.weights().hex());
    assertThat(undisturbed.attempts()).isEqualTo(1);
    assertThat(undisturbed.epochs()).isEqualTo(3);
    assertThat(undisturbed.steps()).isEqualTo(9);
    assertThat(undisturbed.losses()).containsOnlyKeys("labels", "teacher");
    assertThat(undisturbed.imagesPerSecond()).isPositive();
  }

  @Test
  void oneRankGivesTheSameWeightsAsFour() {
    TrainingReport single = BarrierTraining.run(spark, run("single", 1), program());

    Map<String, float[]> four = weights("undisturbed");
    weights("single")
        .forEach(
            (name, values) -> {
              for (int i = 0; i < values.length; i++) {
                if (!name.equals("student.seen")) {
                  assertThat(four.get(name)[i]).as(name).isCloseTo(values[i], within(2e-5f));
                }
              }
            });
    single
        .losses()
        .forEach(
            (n, loss) -> assertThat(undisturbed.losses().get(n)).isCloseTo(loss, within(1e-5)));
  }

  @Test
  void theDriverHearsOfStepsAndEpochsWithReducedLosses() {
    var epochs = HEARD.stream().filter(TrainingMetrics.Epoch.class::isInstance).toList();
    var steps = HEARD.stream().filter(TrainingMetrics.Step.class::isInstance).toList();
    assertThat(epochs).hasSize(3);
    assertThat(steps).hasSize(9);
    var last = (TrainingMetrics.Epoch) epochs.get(2);
    assertThat(last.images()).isEqualTo(21);
    assertThat(last.terms()).isEqualTo(undisturbed.losses());
    assertThat(last.loss()).isLessThan(epochs.get(0).loss());
  }

  @Test
  void theDriverHearsWhatEachRanksProcessUses() {
    assertThat(LOADS).containsOnlyKeys(0, 1, 2, 3);
    assertThat(LOADS.values())
        .allSatisfy(
            load -> {
              assertThat(load.values().get(ProcessLoad.RESIDENT)).isGreaterThan(50);
              assertThat(load.values().get(ProcessLoad.HEAP)).isBetween(1.0, 1024.0);
            });
  }

  /** Phases of the encoder, of the decoder, of prompts in the loop, and of proposals. */
  @Test
  void everyLostExecutorCostsAnAttemptAndNoBitOfTheWeightsWhateverThePhase() throws IOException {
    int each = HALTS / 4; // epochs of a phase; of the last what is left, its last undisturbed
    var phases =
        List.of(
            new TrainingPlan.Phase(each, 0.02, 2),
            new TrainingPlan.Phase(each, 0.05, 0),
            new TrainingPlan.Phase(each, 0.01, 0),
            new TrainingPlan.Phase(HALTS + 1 - 3 * each, 0.02, 0));
    TrainingPlan plan = new TrainingPlan(HALTS + 1, 8, 0.02, 0.01, 2, 1.0, 1, 0.9, 42, phases);
    Path halts = Files.createDirectory(folder.resolve("halts"));
    String marks = halts.toString();
    int epochs = HALTS; // ranks' own JVMs have no such property
    long seed = HALTS_SEED;
    Recipe prompted = PromptedParts.recipe(folder);
    Recipe proposing = ProposalLoopTest.recipe(folder);
    RankProgram halting =
        context ->
            phased(
                context,
                prompted,
                proposing,
                new HaltingBatches(batches(context), marks, epochs, seed));
    RankProgram phased = context -> phased(context, prompted, proposing, batches(context));
    TrainingReport calm = BarrierTraining.run(spark, run("calm", 4, plan, IDENTITY), phased);
    TrainingReport report =
        BarrierTraining.run(spark, run("disturbed", 4, plan, IDENTITY), halting);

    assertThat(halts).isDirectoryContaining(f -> f.endsWith("epoch-" + (HALTS - 1)));
    assertThat(report.attempts()).isEqualTo(HALTS + 1);
    assertThat(report.weights()).isEqualTo(calm.weights());
    assertThat(report.steps()).isEqualTo(calm.steps()).isEqualTo(3 * (HALTS + 1));
  }

  private static RankParts phased(
      RankContext context, Recipe prompted, Recipe proposing, BatchSource batches) {
    Weights weights = context.weights();
    var student = new TinyStudent(weights);
    var decoder = PromptedParts.decoder(weights);
    var frozen = new Weights(weights.manager(), 5); // ends with the rank's
    List<RankParts.Phase> phases = new ArrayList<>(PhasedLoopTest.two());
    phases.add(PromptedParts.phase(prompted, weights, decoder, frozen));
    phases.add(ProposalLoopTest.phase(proposing, Norm.BATCH, weights));
    return new RankParts(student, phases, batches);
  }

  @Test
  void givesUpAfterThreeAttemptsWithoutProgress() {
    RankProgram broken =
        context -> {
          throw new IllegalArgumentException("no such student: giant");
        };
    assertThatThrownBy(() -> BarrierTraining.run(spark, run("broken", 4), broken))
        .isInstanceOf(TrainingException.class)
        .hasMessageContaining("Run 'broken' gave up: 3 attempts reached no checkpoint beyond")
        .hasMessageContaining("no such student: giant");
  }

  @Test
  void findsAFinishedRunTrained() {
    TrainingReport again = BarrierTraining.run(spark, run("undisturbed", 4), program());
    assertThat(again.weights()).isEqualTo(undisturbed.weights());
    assertThat(again.steps()).isEqualTo(undisturbed.steps());
    assertThat(again.rankDigests()).isEqualTo(undisturbed.rankDigests());
    assertThat(again.checkpoint()).isEqualTo(undisturbed.checkpoint());
    assertThat(again.attempts()).as("nothing was trained").isZero();
  }

  @Test
  void takesARunOfAnotherNumberOfRanksForTheSame() {
    TrainingReport again = BarrierTraining.run(spark, run("undisturbed", 2), program());
    assertThat(again.attempts()).as("nothing was trained").isZero();
    assertThat(again.weights()).isEqualTo(undisturbed.weights());
    assertThat(again.rankDigests()).hasSize(2);
  }

  /** A gate that fails is a driver that dies after the job and before it has looked. */
  @Test
  void gatesLookAfterEveryEpochMoveNoWeightAndCanEndTheRun() {
    List<Integer> asked = new ArrayList<>();
    assertThatThrownBy(
            () ->
                watched(
                    "watched",
                    at -> {
                      throw new IllegalStateException("no driver after " + at.position());
                    }))
        .hasMessage("no driver after epoch 1, step 0");

    TrainingReport ended =
        watched(
            "watched",
            at -> {
              asked.add(at.position().epoch());
              return at.position().epoch() < 2 ? Decision.CONTINUE : Decision.STOP;
            });
    assertThat(asked).containsExactly(1, 2);
    assertThat(ended.epochs()).isEqualTo(2);
    assertThat(ended.steps()).isEqualTo(6);

    assertThat(watched("watched", at -> Decision.STOP).attempts())
        .as("nothing was trained")
        .isZero();

    assertThat(watched("watched", at -> Decision.CONTINUE).weights())
        .isEqualTo(undisturbed.weights());
  }

  private static TrainingReport watched(String id, Function<Checkpoint, Decision> looks) {
    EpochGate gate =
        new EpochGate() {
          @Override
          public int everyEpochs() {
            return 1;
          }

          @Override
          public Decision after(Checkpoint at, Attempt attempt) {
            return looks.apply(at);
          }
        };
    return BarrierTraining.run(spark, run(id, 4), program(), List.of(gate));
  }

  /** The older driver's next job is refused its checkpoint; it makes no further attempt. */
  @Test
  void anOlderDriverEndsOnceANewerOneHasBegun() {
    Checkpoints checkpoints =
        new Checkpoints(folder.resolve("taken").toString(), 2, new Configuration());
    assertThatThrownBy(
            () ->
                watched(
                    "taken",
                    at -> {
                      checkpoints.attempts().begin();
                      return Decision.CONTINUE;
                    }))
        .isInstanceOf(SupersededException.class)
        .hasMessageContaining("attempt 1 is over, attempt 2 has begun. Another driver trains");
    assertThat(checkpoints.attempts().newest()).isEqualTo(2);
    assertThat(checkpoints.latest().orElseThrow().position().epoch()).isEqualTo(1);

    TrainingReport resumed = BarrierTraining.run(spark, run("taken", 4), program());
    assertThat(resumed.weights()).isEqualTo(undisturbed.weights());
    assertThat(resumed.stepSeconds()).isGreaterThan(0).isLessThan(120);
  }

  @Test
  void refusesToResumeAnotherRunAndLeavesItAsItWas() throws IOException {
    Set<String> before = files("undisturbed");
    Sha256 other = Sha256.of(new byte[] {2});
    assertThatThrownBy(
            () -> BarrierTraining.run(spark, run("undisturbed", 4, PLAN, other), program()))
        .isInstanceOf(CheckpointException.class)
        .hasMessageContaining("it is of a run of identity " + IDENTITY)
        .hasMessageContaining("this run's identity is " + other)
        .hasMessageContaining("another --name, or remove the folder " + folder)
        .hasMessageContaining("/undisturbed to train it");
    assertThat(files("undisturbed")).isEqualTo(before);
  }

  @Test
  void refusesACheckpointBeyondThePlan() throws IOException {
    Set<String> before = files("undisturbed");
    TrainingPlan shorter = new TrainingPlan(2, 8, 0.02, 0.01, 2, 1.0, 42);
    assertThatThrownBy(
            () -> BarrierTraining.run(spark, run("undisturbed", 4, shorter, IDENTITY), program()))
        .isInstanceOf(CheckpointException.class)
        .hasMessageContaining("Cannot resume from checkpoint file:" + folder)
        .hasMessageContaining(
            "it is at epoch 3, step 0, the plan of run 'undisturbed' ends at epoch 2, step 0")
        .hasMessageContaining("Give this run another --name, or remove the folder");
    assertThat(files("undisturbed")).isEqualTo(before);
  }

  @Test
  void refusesMoreRanksThanExecutors() {
    assertThatThrownBy(() -> BarrierTraining.run(spark, run("wide", 8), program()))
        .isInstanceOf(TrainingException.class)
        .hasMessageContaining("Cannot train with 8 ranks")
        .hasMessageContaining("it has 4 executors");
  }

  private static TrainingRun run(String id, int ranks) {
    return run(id, ranks, PLAN, IDENTITY);
  }

  private static TrainingRun run(String id, int ranks, TrainingPlan plan, Sha256 identity) {
    return new TrainingRun(
        id, folder.resolve(id).toString(), ranks, plan, identity, 2, 2, 2, 30, 1);
  }

  private static Set<String> files(String id) throws IOException {
    Path at = folder.resolve(id);
    try (var all = Files.walk(at)) {
      return all.map(f -> at.relativize(f).toString()).collect(Collectors.toSet());
    }
  }

  private static RankProgram program() {
    return context ->
        RankParts.whole(
            new TinyStudent(context.weights()), SyntheticBatches.terms(), batches(context));
  }

  private static SyntheticBatches batches(RankContext context) {
    return new SyntheticBatches(context.rank(), context.ranks(), context.plan().batch());
  }

  private static Map<String, float[]> weights(String id) {
    Map<String, float[]> values = new LinkedHashMap<>();
    try (NDManager manager = NDManager.newBaseManager("PyTorch");
        Weights weights = new Weights(manager, 0)) {
      new TinyStudent(weights);
      new Checkpoints(folder.resolve(id).toString(), 2, new Configuration())
          .latest()
          .orElseThrow()
          .restore(weights);
      for (Map.Entry<String, NDArray> e : Checkpoints.tensors(weights).entrySet()) {
        values.put(e.getKey(), e.getValue().toFloatArray());
      }
    }
    return values;
  }

  /** The flags of this JVM that open the platform's packages to Spark. */
  private static String opens() {
    return java.lang.management.ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
        .filter(a -> a.startsWith("--add-opens") || a.startsWith("-Djdk."))
        .reduce("", (a, b) -> a + " " + b);
  }
}
