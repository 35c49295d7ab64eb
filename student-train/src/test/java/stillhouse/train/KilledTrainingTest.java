package stillhouse.train;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDManager;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import stillhouse.identity.Sha256;

/**
 * SIGKILL of a driver that trains in two phases, at random steps; with {@code -Dstillhouse.kills=N}
 * so many in one run.
 */
class KilledTrainingTest {
  private static final int KILLS = Integer.getInteger("stillhouse.kills", 1);
  private static final long SEED = Long.getLong("stillhouse.kills.seed", 5);
  private static final int EPOCHS = 2 + KILLS;
  private static final String STEP = "step ";
  @TempDir Path folder;

  @Test
  void aKilledDriversSuccessorEndsWithTheSameWeights() throws Exception {
    String whole = weights(start("whole"));
    Random random = new Random(SEED);
    for (int kill = 0; kill < KILLS; kill++) {
      killAfter(start("killed"), 1 + random.nextInt(4));
    }
    assertThat(weights(start("killed"))).isEqualTo(whole);
  }

  /** Kills a training that has reported so many steps more than it began with. */
  private void killAfter(Process training, int steps) throws Exception {
    int seen = 0;
    try (var lines = training.inputReader()) {
      for (String line = lines.readLine(); line != null && seen < steps; line = lines.readLine()) {
        seen += line.startsWith(STEP) ? 1 : 0;
      }
      assertThat(seen).as("steps before the kill; " + errors(training)).isEqualTo(steps);
      training.destroyForcibly().waitFor();
    }
  }

  private String weights(Process training) throws Exception {
    List<String> lines;
    try (var out = training.inputReader()) {
      lines = out.lines().toList();
    }
    assertThat(training.waitFor(1, TimeUnit.MINUTES)).isTrue();
    assertThat(training.exitValue()).as(errors(training)).isZero();
    return lines.get(lines.size() - 1);
  }

  private String errors(Process training) throws IOException {
    return Files.readString(folder.resolve(training.pid() + ".log"));
  }

  private Process start(String run) throws IOException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
        .filter(a -> a.startsWith("--add-opens") || a.startsWith("-X") || a.startsWith("-Djdk."))
        .forEach(command::add);
    command.addAll(List.of("-cp", System.getProperty("java.class.path")));
    command.addAll(List.of(Training.class.getName(), folder.resolve(run).toString(), "" + EPOCHS));
    Path log = Files.createTempFile(folder, "starting", ".log");
    Process process = new ProcessBuilder(command).redirectError(log.toFile()).start();
    Files.move(log, folder.resolve(process.pid() + ".log"));
    return process;
  }

  /** The process: trains on, says each step and at last the weights' digest. */
  static final class Training {
    private Training() {}

    public static void main(String[] args) {
      int epochs = Integer.parseInt(args[1]);
      var phases =
          List.of(new TrainingPlan.Phase(1, 0.02, 2), new TrainingPlan.Phase(epochs - 1, 0.05, 0));
      var plan = new TrainingPlan(epochs, 8, 0.02, 0.01, 2, 1.0, 1, 0, 42, phases);
      var run = new TrainingRun("killed", args[0], 1, plan, Sha256.of(new byte[1]), 2, 2, 2, 30, 1);
      SparkSession spark =
          SparkSession.builder()
              .master("local[1]")
              .config("spark.ui.enabled", "false")
              .config("spark.plugins", TrainingPlugin.class.getName())
              .getOrCreate();
      TrainingReport report = BarrierTraining.run(spark, run, Training::parts);
      System.out.println(report.weights());
      spark.stop();
      System.exit(0); // Spark's timer of barriers is no daemon
    }

    private static RankParts parts(RankContext context) {
      var batches = new SyntheticBatches(0, 1, context.plan().batch());
      return new RankParts(
          new TinyStudent(context.weights()), PhasedLoopTest.two(), new Told(batches));
    }
  }

  /** Says each step, and takes its time over it. */
  private record Told(SyntheticBatches batches) implements BatchSource {
    private static final Duration PAUSE = Duration.ofMillis(30);

    @Override
    public Batch next(NDManager manager, int epoch, int step) {
      System.out.println(STEP + epoch + " " + step);
      LockSupport.parkNanos(PAUSE.toNanos());
      return batches.next(manager, epoch, step);
    }

    @Override
    public int stepsPerEpoch() {
      return batches.stepsPerEpoch();
    }

    @Override
    public double waitedSeconds() {
      return 0;
    }

    @Override
    public void close() {}
  }
}
