package stillhouse.tensorrt;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;

/** Builds a TensorRT engine from an ONNX file with NVIDIA's {@code trtexec}, on the GPU's host. */
public final class TensorRtEngine {
  private static final int LAST_LINES = 20; // of the output, in a failure's message

  private TensorRtEngine() {}

  /**
   * Writes {@code model.engine}, {@code profile.json}, {@code timing.cache} and {@code trtexec.log}
   * into {@code outDir}. A timing cache that is already there is used and extended.
   *
   * @return {@link EngineResult.NotBuilt} where this machine has no CUDA device or no {@code
   *     trtexec} on its PATH
   * @throws EngineBuildException where {@code trtexec} fails, with the end of its output
   */
  public static EngineResult build(Path onnx, Path outDir, EngineOptions options) {
    return build(onnx, outDir, options, GpuHost.here());
  }

  static EngineResult build(Path onnx, Path outDir, EngineOptions options, GpuHost host) {
    if (!host.hasCudaDevice()) {
      return new EngineResult.NotBuilt("not built (no CUDA device)");
    }
    var trtexec = host.program("trtexec");
    if (trtexec.isEmpty()) {
      return new EngineResult.NotBuilt("not built (trtexec not on PATH)");
    }
    if (!Files.isRegularFile(onnx)) {
      throw new EngineBuildException("Cannot build an engine from " + onnx + ": no such file");
    }
    return run(trtexec.get(), onnx, outDir, options);
  }

  private static EngineResult run(Path trtexec, Path onnx, Path outDir, EngineOptions options) {
    Path engine = outDir.resolve("model.engine");
    Path profile = outDir.resolve("profile.json");
    Path log = outDir.resolve("trtexec.log");
    try {
      Files.createDirectories(outDir);
      Files.deleteIfExists(engine); // an older engine must not pass for this one
      int exit = start(command(trtexec, onnx, outDir, options), log, options);
      String output = Files.readString(log, StandardCharsets.UTF_8);
      if (exit != 0 || !Files.isRegularFile(engine)) {
        throw failure("exit code " + exit + ", engine " + engine, onnx, log, output);
      }
      return new EngineResult.Built(engine, profile, log, report(onnx, log, output));
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot run " + trtexec + " into " + outDir, e);
    }
  }

  /**
   * {@code --stronglyTyped} takes every precision from the ONNX file. The profile comes from a run
   * of its own, so that the latency is measured without a profiler attached.
   */
  static List<String> command(Path trtexec, Path onnx, Path outDir, EngineOptions options) {
    List<String> command = new ArrayList<>();
    command.add(trtexec.toString());
    command.add("--onnx=" + onnx);
    command.add("--saveEngine=" + outDir.resolve("model.engine"));
    command.add("--stronglyTyped");
    command.add("--timingCacheFile=" + outDir.resolve("timing.cache"));
    command.add("--exportProfile=" + outDir.resolve("profile.json"));
    command.add("--separateProfileRun");
    command.add(
        options.shape().stream()
            .map(String::valueOf)
            .collect(Collectors.joining("x", "--shapes=image:", "")));
    command.addAll(options.extra());
    return command;
  }

  private static int start(List<String> command, Path log, EngineOptions options)
      throws IOException {
    Process process =
        new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(log.toFile()).start();
    try {
      if (process.waitFor(options.timeout().toMillis(), TimeUnit.MILLISECONDS)) {
        return process.exitValue();
      }
      throw new EngineBuildException(
          "trtexec was stopped after %s. Raise the timeout, or see %s"
              .formatted(options.timeout(), log));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new EngineBuildException("Interrupted while trtexec ran; its output: " + log, e);
    } finally {
      process.destroyForcibly();
    }
  }

  private static TrtexecReport report(Path onnx, Path log, String output) {
    try {
      return TrtexecReport.parse(output);
    } catch (IllegalArgumentException e) {
      throw failure(e.getMessage(), onnx, log, output);
    }
  }

  private static EngineBuildException failure(String what, Path onnx, Path log, String output) {
    List<String> lines = output.lines().toList();
    String end =
        String.join("\n  ", lines.subList(Math.max(0, lines.size() - LAST_LINES), lines.size()));
    return new EngineBuildException(
        "trtexec gave no engine for %s (%s). The end of %s:\n  %s".formatted(onnx, what, log, end));
  }
}
