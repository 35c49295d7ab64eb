package stillhouse.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
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
import stillhouse.student.Weights;
import stillhouse.train.EpochGate.Decision;

/** Real executors, one JVM a rank, over Rabit. */
class BarrierTrainingTest {
  private static final TrainingPlan PLAN = new TrainingPlan(3, 8, 0.02, 0.01, 2, 1.0, 42);
  private static final Sha256 IDENTITY = Sha256.of(new byte[] {1});

  @TempDir static Path folder;
  private static SparkSession spark;
  private static TrainingReport undisturbed;
  private static final List<TrainingMetrics> HEARD = new CopyOnWriteArrayList<>();

  @BeforeAll
  static void trainWithFourRanks() {
    String opens = opens();
    spark =
        SparkSession.builder()
            .master("local-cluster[4,2,1024]") // two tasks fit an executor, two ranks do not
            .appName("barrier-training")
            .config("spark.executor.memory", "1g")
            .config("spark.executor.extraClassPath", System.getProperty("java.class.path"))
            .config("spark.executor.extraJavaOptions", opens)
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
        };
    try (var heard = TrainingReports.listen("undisturbed", listener)) {
      undisturbed = BarrierTraining.run(spark, run("undisturbed", 4), program(null));
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
    TrainingReport single = BarrierTraining.run(spark, run("single", 1), program(null));

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
  void resumesFromTheCheckpointAfterAPeerDied() {
    Path died = folder.resolve("died");
    TrainingReport report =
        BarrierTraining.run(spark, run("disturbed", 4), program(died.toString()));

    assertThat(died).exists();
    assertThat(report.attempts()).isEqualTo(2);
    assertThat(report.weights()).isEqualTo(undisturbed.weights());
    assertThat(report.steps()).isEqualTo(9);
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
    TrainingReport again = BarrierTraining.run(spark, run("undisturbed", 4), program(null));
    assertThat(again.weights()).isEqualTo(undisturbed.weights());
    assertThat(again.steps()).isEqualTo(undisturbed.steps());
    assertThat(again.rankDigests()).isEqualTo(undisturbed.rankDigests());
    assertThat(again.checkpoint()).isEqualTo(undisturbed.checkpoint());
    assertThat(again.attempts()).as("nothing was trained").isZero();
  }

  @Test
  void takesARunOfAnotherNumberOfRanksForTheSame() {
    TrainingReport again = BarrierTraining.run(spark, run("undisturbed", 2), program(null));
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
                    at -> {
                      throw new IllegalStateException("no driver after " + at.position());
                    }))
        .hasMessage("no driver after epoch 1, step 0");

    TrainingReport ended =
        watched(
            at -> {
              asked.add(at.position().epoch());
              return at.position().epoch() < 2 ? Decision.CONTINUE : Decision.STOP;
            });
    assertThat(asked).containsExactly(1, 2);
    assertThat(ended.epochs()).isEqualTo(2);
    assertThat(ended.steps()).isEqualTo(6);

    assertThat(watched(at -> Decision.STOP).attempts()).as("nothing was trained").isZero();

    assertThat(watched(at -> Decision.CONTINUE).weights()).isEqualTo(undisturbed.weights());
  }

  private static TrainingReport watched(Function<Checkpoint, Decision> looks) {
    EpochGate gate =
        new EpochGate() {
          @Override
          public int everyEpochs() {
            return 1;
          }

          @Override
          public Decision after(Checkpoint at) {
            return looks.apply(at);
          }
        };
    return BarrierTraining.run(spark, run("watched", 4), program(null), List.of(gate));
  }

  @Test
  void refusesToResumeAnotherRunAndLeavesItAsItWas() throws IOException {
    Set<String> before = files("undisturbed");
    Sha256 other = Sha256.of(new byte[] {2});
    assertThatThrownBy(
            () -> BarrierTraining.run(spark, run("undisturbed", 4, PLAN, other), program(null)))
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
            () ->
                BarrierTraining.run(spark, run("undisturbed", 4, shorter, IDENTITY), program(null)))
        .isInstanceOf(CheckpointException.class)
        .hasMessageContaining("Cannot resume from checkpoint file:" + folder)
        .hasMessageContaining(
            "it is at epoch 3, step 0, the plan of run 'undisturbed' ends at epoch 2, step 0")
        .hasMessageContaining("Give this run another --name, or remove the folder");
    assertThat(files("undisturbed")).isEqualTo(before);
  }

  @Test
  void refusesMoreRanksThanExecutors() {
    assertThatThrownBy(() -> BarrierTraining.run(spark, run("wide", 8), program(null)))
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

  /**
   * @param marker where given, rank 2 halts its JVM once at epoch 1, step 1, leaving this file
   */
  private static RankProgram program(String marker) {
    return context ->
        new RankParts(
            new TinyStudent(context.weights()),
            SyntheticBatches.terms(),
            marker == null
                ? batches(context)
                : new DyingBatches(batches(context), context.rank(), marker));
  }

  private static SyntheticBatches batches(RankContext context) {
    return new SyntheticBatches(context.rank(), context.ranks(), context.plan().batch());
  }

  private record DyingBatches(SyntheticBatches batches, int rank, String marker)
      implements BatchSource {
    @Override
    public Batch next(NDManager manager, int epoch, int step) {
      if (rank == 2 && epoch == 1 && step == 1) {
        try {
          Files.createFile(Path.of(marker));
          Runtime.getRuntime().halt(1);
        } catch (FileAlreadyExistsException e) {
          return batches.next(manager, epoch, step);
        } catch (IOException e) {
          throw new UncheckedIOException(e);
        }
      }
      return batches.next(manager, epoch, step);
    }

    @Override
    public int stepsPerEpoch() {
      return batches.stepsPerEpoch();
    }

    @Override
    public double waitedSeconds() {
      return batches.waitedSeconds();
    }

    @Override
    public void close() {
      batches.close();
    }
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
