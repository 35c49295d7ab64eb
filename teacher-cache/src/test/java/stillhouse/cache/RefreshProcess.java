package stillhouse.cache;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Collectors;
import org.apache.spark.sql.SparkSession;
import stillhouse.Sessions;
import stillhouse.data.RgbImage;
import stillhouse.teacher.MaskAnswer;
import stillhouse.teacher.Prompt;
import stillhouse.teacher.PromptPlan;
import stillhouse.teacher.Teacher;
import stillhouse.teacher.TeacherSource;
import stillhouse.teacher.TeacherSpec;
import stillhouse.tensor.DType;
import stillhouse.tensor.FloatTensor;

/** A cache refresh in a JVM of its own, so that it can be killed. */
final class RefreshProcess implements AutoCloseable {
  static final CacheOptions OPTIONS = new CacheOptions(DType.FP16, 2, 6, 2);
  static final PromptPlan PLAN = new CacheRefreshTest.BoxOfEachClass("1");
  private static final String READY = "ready";

  private final Process process;
  private final BufferedReader out;

  /** Asks slowly, so that there is something to kill. */
  record Slow(TeacherSource source, Duration pause) implements TeacherSource {
    private static final long serialVersionUID = 1L;

    @Override
    public TeacherSpec spec() {
      return source.spec();
    }

    @Override
    public Teacher open() {
      return new SlowTeacher(source.open(), pause);
    }
  }

  private record SlowTeacher(Teacher teacher, Duration pause) implements Teacher {
    @Override
    public TeacherSpec spec() {
      return teacher.spec();
    }

    @Override
    public List<Map<String, FloatTensor>> encode(List<RgbImage> images) {
      LockSupport.parkNanos(pause.toNanos());
      return teacher.encode(images);
    }

    @Override
    public MaskAnswer decode(
        Map<String, FloatTensor> features, int width, int height, Prompt prompt) {
      return teacher.decode(features, width, height, prompt);
    }

    @Override
    public void close() {
      teacher.close();
    }
  }

  private RefreshProcess(Process process) {
    this.process = process;
    this.out = process.inputReader();
  }

  /**
   * @param executors JVMs beside the driver's; 0: the driver is the one executor
   * @return once Spark has started
   */
  static RefreshProcess start(String root, int executors, Path log) {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(flags());
    command.add(RefreshProcess.class.getName());
    command.add(root);
    command.add(Integer.toString(executors));
    try {
      var builder = new ProcessBuilder(command).redirectError(log.toFile());
      builder.environment().put("CLASSPATH", System.getProperty("java.class.path"));
      var started = new RefreshProcess(builder.start());
      started.await(READY, log);
      return started;
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot start a refresh of " + root, e);
    }
  }

  private static List<String> flags() {
    return ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
        .filter(a -> a.startsWith("--add-opens") || a.startsWith("-Djdk.") || a.startsWith("-XX:"))
        .toList();
  }

  private void await(String line, Path log) throws IOException {
    String said;
    do {
      said = out.readLine();
      if (said == null) {
        throw new IllegalStateException("The refresh ended early:\n" + Files.readString(log));
      }
    } while (!said.equals(line));
  }

  /** Whether it ended within the time, by itself. */
  boolean endsWithin(Duration time) throws InterruptedException {
    return process.waitFor(time.toMillis(), TimeUnit.MILLISECONDS);
  }

  int exitStatus() {
    return process.exitValue();
  }

  /** SIGKILL to the driver. */
  void kill() throws InterruptedException {
    process.destroyForcibly().waitFor();
  }

  /** SIGKILL to the first executor that there is. */
  boolean killExecutor() {
    Optional<ProcessHandle> executor =
        process.descendants().filter(RefreshProcess::isExecutor).findFirst();
    return executor.map(ProcessHandle::destroyForcibly).orElse(false);
  }

  private static boolean isExecutor(ProcessHandle handle) {
    try {
      return Files.readString(Path.of("/proc/" + handle.pid() + "/cmdline"))
          .contains("CoarseGrainedExecutorBackend");
    } catch (IOException e) {
      return false; // it has gone meanwhile
    }
  }

  @Override
  public void close() {
    process.descendants().forEach(ProcessHandle::destroyForcibly);
    process.destroyForcibly();
  }

  static TeacherSource teacher() {
    return new Slow(InMemoryTeacher.promptable("p"), Duration.ofMillis(200));
  }

  public static void main(String[] args) {
    int executors = Integer.parseInt(args[1]);
    SparkSession spark = executors == 0 ? Sessions.local() : cluster(executors);
    System.out.println(READY);
    new CacheRefresh(TeacherAccess.perTask(), Workspace::read, Progress.NONE)
        .run(spark, args[0], teacher(), PLAN, OPTIONS);
    spark.stop();
  }

  private static SparkSession cluster(int executors) {
    return Sessions.of(
        Map.of(
            "spark.master",
            "local-cluster[" + executors + ",1,1024]",
            "spark.executor.memory",
            "1g",
            "spark.executor.cores",
            "1",
            "spark.driver.host",
            "127.0.0.1",
            "spark.executor.extraClassPath",
            System.getenv("CLASSPATH"),
            "spark.executor.extraJavaOptions",
            flags().stream().collect(Collectors.joining(" "))));
  }
}
