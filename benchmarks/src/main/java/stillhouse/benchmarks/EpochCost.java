package stillhouse.benchmarks;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.ToDoubleFunction;
import org.apache.spark.sql.SparkSession;
import stillhouse.identity.Sha256;
import stillhouse.student.StudentConfig;
import stillhouse.teacher.TeacherConfig;
import stillhouse.teacher.TeacherPool;
import stillhouse.train.Experiment;
import stillhouse.train.RankContext;
import stillhouse.train.RankParts;
import stillhouse.train.RankProgram;
import stillhouse.train.Recipe;
import stillhouse.train.TrainingMetrics;
import stillhouse.train.TrainingPlan;
import stillhouse.train.TrainingPlugin;
import stillhouse.train.TrainingRun;

/**
 * What an epoch from the cache costs: over the same epoch on tensors in memory, and of one whose
 * every batch is first shown to the teacher. The product's own training, one rank, over a view that
 * `train` has made; the three take turns in one JVM, the first epoch of each is not counted.
 *
 * <pre>
 * VIEW_FOLDER STUDENT.yaml RECIPE.yaml TEACHER.yaml BATCH EPOCHS ROUNDS
 * </pre>
 *
 * <p>Run: {@code mvn -pl benchmarks -am process-classes -Depochs.skip=false -Depochs.args="…"}.
 * Results: docs/results/training.md.
 */
public final class EpochCost {
  private final SparkSession spark;
  private final Experiment experiment;
  private final Path teacher;
  private final int batch;
  private final int epochs;
  private final Path work;

  private EpochCost(
      SparkSession spark, Experiment experiment, Path teacher, int batch, int epochs, Path work) {
    this.spark = spark;
    this.experiment = experiment;
    this.teacher = teacher;
    this.batch = batch;
    this.epochs = epochs;
    this.work = work;
  }

  public static void main(String[] args) throws IOException, InterruptedException {
    if (args.length != 7) {
      throw new IllegalArgumentException(
          "Invalid arguments: "
              + List.of(args)
              + " (must be VIEW STUDENT.yaml RECIPE.yaml TEACHER.yaml BATCH EPOCHS ROUNDS)");
    }
    StudentConfig student = StudentConfig.load(Path.of(args[1]));
    Recipe recipe = Recipe.load(Path.of(args[2]));
    String view = Path.of(args[0]).toAbsolutePath().toUri().toString();
    var experiment = new Experiment(recipe, student, view, 1);
    Path teacher = Path.of(args[3]);
    TeacherConfig.load(teacher); // before anything is trained
    try (SparkSession spark = session()) {
      var cost =
          new EpochCost(
              spark,
              experiment,
              teacher,
              Integer.parseInt(args[4]),
              Integer.parseInt(args[5]),
              Files.createTempDirectory("epoch-cost"));
      cost.compare(Integer.parseInt(args[6]));
    } finally {
      TeacherPool.shared().closeAll();
    }
    System.exit(0); // Spark's timer of barriers is no daemon
  }

  private static SparkSession session() {
    SparkSession spark =
        SparkSession.builder()
            .master("local[1]")
            .config("spark.ui.enabled", "false")
            .config("spark.plugins", TrainingPlugin.class.getName())
            .getOrCreate();
    spark.sparkContext().setLogLevel("ERROR");
    return spark;
  }

  private void compare(int rounds) throws InterruptedException {
    List<TrainingMetrics.Epoch> cached = new ArrayList<>();
    List<TrainingMetrics.Epoch> remembered = new ArrayList<>();
    List<TrainingMetrics.Epoch> asked = new ArrayList<>();
    for (int round = 0; round < rounds; round++) {
      cached.addAll(epochs("cache-" + round, epochs, experiment));
      remembered.addAll(epochs("memory-" + round, epochs, remembering(false)));
      asked.addAll(epochs("teacher-" + round, 2, remembering(true)));
    }
    double cache = median(cached, TrainingMetrics.Epoch::seconds);
    double memory = median(remembered, TrainingMetrics.Epoch::seconds);
    double loop = median(asked, TrainingMetrics.Epoch::seconds);
    say("%d images an epoch, batch %d, %s", cached.get(0).images(), batch, names());
    say(
        "from the cache        %8.2f s, waits for data %.2f %%",
        cache, 100 * median(cached, TrainingMetrics.Epoch::waitShare));
    say("from memory           %8.2f s, cache / memory %.3f", memory, cache / memory);
    say("teacher in the loop   %8.2f s, loop / cache %.2f", loop, loop / cache);
  }

  private String names() {
    return experiment.student().name() + ", " + experiment.recipe().name();
  }

  private RankProgram remembering(boolean ask) {
    Experiment what = experiment;
    String file = ask ? teacher.toString() : "";
    return context -> remembering(what, file, context);
  }

  private static RankParts remembering(Experiment what, String teacher, RankContext context) {
    RankParts parts = what.build(context);
    var batches = new RememberedBatches(parts.batches(), teacher);
    return new RankParts(parts.student(), parts.phases(), batches);
  }

  /** All but the first. */
  private List<TrainingMetrics.Epoch> epochs(String name, int count, RankProgram program)
      throws InterruptedException {
    var plan = new TrainingPlan(count, batch, 1e-3, 0.01, 0, 1.0, 1);
    var run =
        new TrainingRun(
            name,
            work.resolve(name).toUri().toString(),
            1,
            plan,
            Sha256.of(new byte[0]),
            count,
            0,
            1,
            600,
            1);
    return Heard.of(spark, run, program).epochs().subList(1, count);
  }

  private static double median(
      List<TrainingMetrics.Epoch> epochs, ToDoubleFunction<TrainingMetrics.Epoch> value) {
    double[] sorted = epochs.stream().mapToDouble(value).sorted().toArray();
    return (sorted[(sorted.length - 1) / 2] + sorted[sorted.length / 2]) / 2;
  }

  private static void say(String format, Object... values) {
    System.out.println(String.format(Locale.ROOT, format, values));
  }
}
