package stillhouse.jobs;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import stillhouse.conf.ConfigException;
import stillhouse.tensorrt.EngineBuildException;
import stillhouse.tensorrt.EngineOptions;
import stillhouse.tensorrt.EngineResult;
import stillhouse.tensorrt.NetworkFile;
import stillhouse.tensorrt.TensorRtEngine;
import stillhouse.tracking.TrackingServer;

/**
 * ONNX files → TensorRT engines, on the machine that they are for. Needs neither Spark nor a
 * workspace, nor a native library of its own: {@link EngineTool} is this command alone.
 */
@Command(
    name = "engine",
    mixinStandardHelpOptions = true,
    description = {
      "Builds TensorRT engines of ONNX files by NVIDIA's trtexec, on the GPU's host or a Jetson, and times them.",
      "",
      "Precision is what the file says (export --variants fp16,int8 makes others). An engine is for one GPU and"
          + " one TensorRT version; where it is there and up to date, it is left. Arguments behind -- go to trtexec.",
      "",
      "Exit status: 0 built, or up to date; 1 trtexec failed; 2 something you can mend; 4 not built, since this"
          + " machine has no CUDA device or no trtexec: what to run where there is one is printed."
    })
final class EngineCommand implements Callable<Integer> {
  static final int NOT_BUILT = 4;
  private static final int FAILED = 1;

  @Spec private CommandSpec spec;
  @Mixin private EngineFiles files;
  @Mixin private TrackingOptions tracking;

  @Option(
      names = "--batch",
      defaultValue = "1",
      paramLabel = "N",
      description = "images a call (default: ${DEFAULT-VALUE})")
  private int batch;

  @Option(
      names = "--trtexec",
      defaultValue = "trtexec",
      paramLabel = "PATH",
      description =
          "the program (default: trtexec, from the PATH or /usr/src/tensorrt/bin, where NVIDIA's packages put it)")
  private Path trtexec;

  @Option(
      names = "--timing-cache",
      paramLabel = "FILE",
      description =
          "timings of layers, which are used and added to: later builds are faster (default: timing.cache beside the engine)")
  private Path timingCache;

  @Option(
      names = "--timeout",
      defaultValue = "30",
      paramLabel = "MINUTES",
      description = "of each build (default: ${DEFAULT-VALUE})")
  private long timeout;

  @Option(names = "--force", description = "build engines again that are up to date")
  private boolean force;

  @Parameters(
      arity = "0..*",
      paramLabel = "ARGUMENT",
      description = "behind --: more arguments for trtexec, such as --builderOptimizationLevel=5")
  private List<String> extra = List.of();

  @Override
  public Integer call() {
    EngineOptions options = options();
    List<EngineTask> tasks = files.tasks();
    Optional<TrackingServer> server = tracking.find();
    try {
      int status = 0;
      for (EngineTask task : tasks) {
        status = worse(status, run(task, options, server));
      }
      return status;
    } finally {
      server.ifPresent(TrackingServer::close);
    }
  }

  private EngineOptions options() {
    EngineOptions standard = EngineOptions.standard();
    if (extra.stream().anyMatch(argument -> !argument.startsWith("--"))) {
      throw new ConfigException(
          "Invalid arguments: %s (must begin with --, and stand behind -- : they are trtexec's)"
              .formatted(extra));
    }
    try {
      return new EngineOptions(
          batch,
          trtexec,
          timingCache == null ? standard.timingCache() : timingCache.toAbsolutePath(),
          Duration.ofMinutes(timeout),
          force,
          extra);
    } catch (IllegalArgumentException e) {
      throw new ConfigException(e.getMessage(), e);
    }
  }

  private int run(EngineTask task, EngineOptions options, Optional<TrackingServer> server) {
    NetworkFile network = task.network();
    PrintWriter out = spec.commandLine().getOut();
    out.printf("%s (%s, %,d bytes)%n", network.path(), network.precision(), network.bytes());
    if (!network.findings().isEmpty()) {
      out.println("  TensorRT may refuse it. Not in its list of operators:");
      network.findings().forEach(finding -> out.println("    " + finding));
    }
    try {
      EngineResult result = TensorRtEngine.build(network, task.out(), options);
      return result instanceof EngineResult.Built built
          ? tell(task, built, server)
          : elsewhere(task, result);
    } catch (EngineBuildException e) {
      spec.commandLine().getErr().println("error: " + e.getMessage());
      return FAILED;
    } catch (IllegalArgumentException e) {
      throw new ConfigException(e.getMessage(), e);
    }
  }

  private int tell(EngineTask task, EngineResult.Built built, Optional<TrackingServer> server) {
    PrintWriter out = spec.commandLine().getOut();
    out.printf(
        "  %s%s: %s, %,d bytes%n",
        built.reused() ? "up to date, " : "",
        built.summary(),
        built.engine(),
        built.manifest().engine().bytes());
    if (server.isPresent()) {
      Optional<String> run = task.mlflowRun();
      out.println(
          run.map(id -> "  MLflow: " + EngineTracking.tell(server.get(), id, task.label(), built))
              .orElse("  MLflow is not told: no run is known (--mlflow-run ID)"));
    }
    out.flush();
    return 0;
  }

  /** What to run where there is a GPU. */
  private int elsewhere(EngineTask task, EngineResult not) {
    PrintWriter out = spec.commandLine().getOut();
    String arguments =
        spec.commandLine().getParseResult().originalArgs().stream()
            .dropWhile("engine"::equals)
            .map(EngineCommand::quoted)
            .collect(Collectors.joining(" "));
    out.printf("  %s%n  on the GPU host: stillhouse engine %s%n", not.summary(), arguments);
    out.printf(
        "  or there with this file alone: java -jar stillhouse-engine.jar --onnx %s%s%n",
        quoted(task.network().path().getFileName().toString()),
        batch == 1 ? "" : " --batch " + batch);
    out.flush();
    return NOT_BUILT;
  }

  private static String quoted(String word) {
    return word.matches("[\\w@%+=:,./-]+") ? word : "'" + word.replace("'", "'\\''") + "'";
  }

  /** A failure is worse than a machine that can't build. */
  private static int worse(int one, int other) {
    return one == FAILED || other == FAILED ? FAILED : Math.max(one, other);
  }
}
