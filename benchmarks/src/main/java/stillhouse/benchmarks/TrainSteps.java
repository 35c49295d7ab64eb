package stillhouse.benchmarks;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.SplittableRandom;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.spark.sql.SparkSession;
import stillhouse.identity.Sha256;
import stillhouse.loss.Draws;
import stillhouse.loss.Objective;
import stillhouse.loss.ObjectiveContext;
import stillhouse.loss.Targets;
import stillhouse.student.Student;
import stillhouse.student.StudentConfig;
import stillhouse.student.Students;
import stillhouse.train.BarrierTraining;
import stillhouse.train.Batch;
import stillhouse.train.BatchSource;
import stillhouse.train.RankContext;
import stillhouse.train.RankParts;
import stillhouse.train.RankProgram;
import stillhouse.train.Recipe;
import stillhouse.train.TrainingListener;
import stillhouse.train.TrainingMetrics;
import stillhouse.train.TrainingPlan;
import stillhouse.train.TrainingPlugin;
import stillhouse.train.TrainingReports;
import stillhouse.train.TrainingRun;

/**
 * The product's own steps, on one rank and batches from memory, for {@code peers/train_steps.py} to
 * hold against eager PyTorch's. Prints one line of JSON: each step's milliseconds and loss.
 *
 * <pre>
 * STUDENT.yaml RECIPE.yaml SIDE BATCH STEPS
 * </pre>
 */
public final class TrainSteps {
  private static final int CLASSES = 3;
  private static final String RUN = "steps";

  private TrainSteps() {}

  public static void main(String[] args) throws Exception {
    StudentConfig student = StudentConfig.load(Path.of(args[0]));
    Recipe recipe = Recipe.load(Path.of(args[1]));
    int side = Integer.parseInt(args[2]);
    int batch = Integer.parseInt(args[3]);
    int steps = Integer.parseInt(args[4]);
    List<TrainingMetrics.Step> heard = Collections.synchronizedList(new ArrayList<>());
    Path checkpoints = Files.createTempDirectory("train-steps");
    var plan = new TrainingPlan(1, batch, 1e-3, 0.01, 0, 1.0, 1);
    var run =
        new TrainingRun(
            RUN, checkpoints.toUri().toString(), 1, plan, Sha256.of(new byte[0]), 1, 0, 1, 600, 1);
    try (SparkSession spark = session();
        var listening = TrainingReports.listen(RUN, new Heard(heard))) {
      BarrierTraining.run(spark, run, program(student, recipe, side, batch, steps));
      while (heard.size() < steps) { // the last ones may still be on their way
        Thread.sleep(20);
      }
    }
    System.out.println(json(heard, batch));
  }

  private static SparkSession session() {
    return SparkSession.builder()
        .master("local[1]")
        .config("spark.ui.enabled", "false")
        .config("spark.plugins", TrainingPlugin.class.getName())
        .getOrCreate();
  }

  private static RankProgram program(
      StudentConfig config, Recipe recipe, int side, int batch, int steps) {
    return context -> parts(config, recipe, side, new Memory(side, batch, steps), context);
  }

  private static RankParts parts(
      StudentConfig config, Recipe recipe, int side, BatchSource batches, RankContext context) {
    Student student = Students.create(config, CLASSES, side, side, context.weights());
    var objective =
        new ObjectiveContext(
            context.weights(),
            student.embeddingChannels(),
            student.levelChannels(),
            0,
            recipe.alignment().grid(),
            null);
    return new RankParts(student, Objective.create(recipe, objective).terms(), batches);
  }

  /** Random images whose upper left quarter is of every class; one batch, copied each step. */
  private record Memory(
      int batch, int steps, float[] image, float[] truth, float[] valid, Shape shape)
      implements BatchSource {
    Memory(int side, int batch, int steps) {
      this(
          batch,
          steps,
          random(batch * 3 * side * side),
          corner(batch * CLASSES, side),
          ones(batch * side * side),
          new Shape(batch, 3, side, side));
    }

    private static float[] random(int size) {
      var random = new SplittableRandom(1);
      float[] values = new float[size];
      for (int i = 0; i < size; i++) {
        values[i] = (float) random.nextDouble();
      }
      return values;
    }

    private static float[] corner(int planes, int side) {
      float[] values = new float[planes * side * side];
      for (int i = 0; i < values.length; i++) {
        int y = i / side % side;
        values[i] = y < side / 2 && i % side < side / 2 ? 1 : 0;
      }
      return values;
    }

    private static float[] ones(int size) {
      float[] values = new float[size];
      Arrays.fill(values, 1);
      return values;
    }

    @Override
    public int stepsPerEpoch() {
      return steps;
    }

    @Override
    public Batch next(NDManager manager, int epoch, int step) {
      NDArray none = manager.create(new float[0], new Shape(0));
      Shape labels = new Shape(batch, CLASSES, shape.get(2), shape.get(3));
      var targets =
          new Targets(
              manager.create(truth, labels),
              manager.create(valid, new Shape(batch, 1, shape.get(2), shape.get(3))),
              none,
              none,
              none,
              new Draws(1, epoch, new long[batch]));
      boolean[] labelled = new boolean[batch];
      Arrays.fill(labelled, true);
      List<String> ids = IntStream.range(0, batch).mapToObj(Integer::toString).toList();
      return new Batch(manager.create(image, shape), targets, ones(batch), labelled, ids);
    }

    @Override
    public double waitedSeconds() {
      return 0;
    }

    @Override
    public void close() {}
  }

  private record Heard(List<TrainingMetrics.Step> steps) implements TrainingListener {
    @Override
    public void step(TrainingMetrics.Step metrics) {
      steps.add(metrics);
    }

    @Override
    public void epoch(TrainingMetrics.Epoch metrics) {}
  }

  private static String json(List<TrainingMetrics.Step> steps, int batch) {
    String milliseconds =
        steps.stream()
            .map(s -> String.format(Locale.ROOT, "%.3f", 1000 * batch / s.imagesPerSecond()))
            .collect(Collectors.joining(", "));
    String losses =
        steps.stream()
            .map(s -> String.format(Locale.ROOT, "%.6f", s.loss()))
            .collect(Collectors.joining(", "));
    return "{\"milliseconds\": [" + milliseconds + "], \"losses\": [" + losses + "]}";
  }
}
