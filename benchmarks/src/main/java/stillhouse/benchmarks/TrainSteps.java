package stillhouse.benchmarks;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.SplittableRandom;
import java.util.function.ToDoubleFunction;
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
import stillhouse.train.Batch;
import stillhouse.train.BatchSource;
import stillhouse.train.RankContext;
import stillhouse.train.RankParts;
import stillhouse.train.RankProgram;
import stillhouse.train.Recipe;
import stillhouse.train.TrainingMetrics;
import stillhouse.train.TrainingPlan;
import stillhouse.train.TrainingPlugin;
import stillhouse.train.TrainingRun;

/**
 * The product's own steps with batches from memory: for {@code peers/train_steps.py} to hold
 * against eager PyTorch's, and for {@code peers/ranks.py} to see what more ranks cost. Prints one
 * line of JSON: each step's milliseconds, loss and rank 0's share in all-reduce, and the processor
 * seconds of all ranks' JVMs over the steps after the first fifth.
 *
 * <pre>
 * STUDENT.yaml RECIPE.yaml SIDE BATCH STEPS [RANKS]
 * </pre>
 *
 * Without RANKS this JVM is the only rank; with them each has a JVM of its own.
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
    int ranks = args.length > 5 ? Integer.parseInt(args[5]) : 0;
    Path folder = Files.createTempDirectory("train-steps");
    var plan = new TrainingPlan(1, batch, 1e-3, 0.01, 0, 1.0, 1);
    var run =
        new TrainingRun(
            RUN,
            folder.resolve("checkpoints").toUri().toString(),
            Math.max(1, ranks),
            plan,
            Sha256.of(new byte[0]),
            1,
            0,
            1,
            600,
            1);
    Heard heard;
    try (SparkSession spark = session(ranks)) {
      heard = Heard.of(spark, run, program(student, recipe, side, steps, folder.toString()));
    }
    System.out.println(json(heard.steps(), batch, processorSeconds(folder)));
    System.exit(0); // Spark's timer of barriers is no daemon
  }

  private static SparkSession session(int ranks) {
    var builder =
        SparkSession.builder()
            .master(ranks == 0 ? "local[1]" : "local-cluster[" + ranks + ",1,2048]")
            .config("spark.ui.enabled", "false")
            .config("spark.plugins", TrainingPlugin.class.getName());
    if (ranks > 0) {
      String opens =
          ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
              .filter(a -> a.startsWith("--add-opens") || a.startsWith("-Djdk."))
              .collect(Collectors.joining(" "));
      builder
          .config("spark.executor.memory", "2g")
          .config("spark.driver.host", "127.0.0.1")
          .config("spark.executor.extraClassPath", System.getProperty("java.class.path"))
          .config("spark.executor.extraJavaOptions", opens);
    }
    return builder.getOrCreate();
  }

  private static double processorSeconds(Path folder) throws IOException {
    double sum = 0;
    try (var files = Files.newDirectoryStream(folder, "processor-*")) {
      for (Path file : files) {
        sum += Double.parseDouble(Files.readString(file));
      }
    }
    return sum;
  }

  private static RankProgram program(
      StudentConfig config, Recipe recipe, int side, int steps, String folder) {
    return context -> {
      int share = context.plan().batch() / context.ranks();
      Path processor = Path.of(folder, "processor-" + context.rank());
      return parts(config, recipe, side, new Memory(side, share, steps, processor), context);
    };
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
    return RankParts.whole(student, Objective.phases(recipe, objective).get(0).terms(), batches);
  }

  /**
   * Random images whose upper left quarter is of every class; one batch, in direct memory as the
   * product's loader hands it over. Leaves the JVM's processor seconds in a file.
   */
  private static final class Memory implements BatchSource {
    private final int batch;
    private final int steps;
    private final ByteBuffer image;
    private final ByteBuffer truth;
    private final Shape shape;
    private final Path processor;
    private long before;

    Memory(int side, int batch, int steps, Path processor) {
      this.batch = batch;
      this.steps = steps;
      this.image = direct(random(batch * 3 * side * side));
      this.truth = direct(corner(batch * CLASSES, side));
      this.shape = new Shape(batch, 3, side, side);
      this.processor = processor;
    }

    private static ByteBuffer direct(float[] values) {
      ByteBuffer buffer =
          ByteBuffer.allocateDirect(values.length * Float.BYTES).order(ByteOrder.nativeOrder());
      buffer.asFloatBuffer().put(values);
      return buffer;
    }

    private static long processorNanos() {
      return ((com.sun.management.OperatingSystemMXBean)
              ManagementFactory.getOperatingSystemMXBean())
          .getProcessCpuTime();
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
      if (step == steps / 5) {
        before = processorNanos();
      }
      NDArray none = manager.create(new float[0], new Shape(0));
      Shape labels = new Shape(batch, CLASSES, shape.get(2), shape.get(3));
      var targets =
          new Targets(
              manager.create(truth, labels, DataType.FLOAT32),
              none, // every pixel counts
              none,
              none,
              none,
              new Draws(1, epoch, new long[batch]));
      boolean[] labelled = new boolean[batch];
      Arrays.fill(labelled, true);
      List<String> ids = IntStream.range(0, batch).mapToObj(Integer::toString).toList();
      NDArray images = manager.create(image, shape, DataType.FLOAT32);
      return new Batch(images, targets, ones(batch), labelled, ids);
    }

    @Override
    public double waitedSeconds() {
      return 0;
    }

    @Override
    public void close() { // at once after the last step
      try {
        Files.writeString(processor, Double.toString((processorNanos() - before) * 1e-9));
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }

  private static String json(List<TrainingMetrics.Step> steps, int batch, double processor) {
    return "{\"milliseconds\": %s, \"losses\": %s, \"reduce\": %s, \"processor_seconds\": %.3f}"
        .formatted(
            list(steps, s -> 1000 * batch / s.imagesPerSecond()),
            list(steps, TrainingMetrics.Step::loss),
            list(steps, TrainingMetrics.Step::reduceShare),
            processor);
  }

  private static String list(
      List<TrainingMetrics.Step> steps, ToDoubleFunction<TrainingMetrics.Step> value) {
    return steps.stream()
        .map(s -> String.format(Locale.ROOT, "%.6f", value.applyAsDouble(s)))
        .collect(Collectors.joining(", ", "[", "]"));
  }
}
