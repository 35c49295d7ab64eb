package stillhouse.tensorrt;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Optional;

/** Builds a TensorRT engine from an ONNX file with NVIDIA's {@code trtexec}, on the GPU's host. */
public final class TensorRtEngine {
  private static final int LAST_LINES = 20; // of the output, in a failure's message

  private final NetworkFile network;
  private final Path out;
  private final EngineOptions options;
  private final GpuHost host;
  private final List<String> devices; // of the host
  private final Trtexec trtexec;

  private TensorRtEngine(
      NetworkFile network, Path out, EngineOptions options, GpuHost host, Trtexec trtexec) {
    this.network = network;
    this.out = out;
    this.options = options;
    this.host = host;
    this.devices = host.devices();
    this.trtexec = trtexec;
  }

  /**
   * Writes {@code model.engine}, {@code profile.json}, {@code timing.cache}, {@code trtexec.log}
   * and {@code manifest.json} into {@code out}. An engine that is there of the same file, GPU,
   * TensorRT version and settings is left as it is.
   *
   * @return {@link EngineResult.NotBuilt} where this machine has no CUDA device or no {@code
   *     trtexec} that builds strongly typed engines
   * @throws EngineBuildException where {@code trtexec} fails, with the cause where it is known and
   *     the end of its output
   * @throws IllegalArgumentException where the file is not of the batch that is asked for
   */
  public static EngineResult build(NetworkFile network, Path out, EngineOptions options) {
    return build(network, out, options, GpuHost.here());
  }

  static EngineResult build(NetworkFile network, Path out, EngineOptions options, GpuHost host) {
    network.shape(options.batch());
    if (!host.hasCudaDevice()) {
      return new EngineResult.NotBuilt("no CUDA device");
    }
    Optional<Path> program = host.program(options.trtexec());
    if (program.isEmpty()) {
      return new EngineResult.NotBuilt(
          options.trtexec().getNameCount() > 1
              ? "no program " + options.trtexec()
              : options.trtexec() + " is neither on the PATH nor in /usr/src/tensorrt/bin");
    }
    Trtexec trtexec = Trtexec.probe(program.get());
    return trtexec.buildsStronglyTyped()
        ? new TensorRtEngine(network, out, options, host, trtexec).build()
        : new EngineResult.NotBuilt(
            "TensorRT %s builds no strongly typed networks; 10 and newer do"
                .formatted(trtexec.version()));
  }

  private EngineResult build() {
    try {
      Optional<EngineManifest> there = EngineManifest.read(out);
      if (!options.force() && there.isPresent() && isUpToDate(there.get())) {
        return new EngineResult.Built(out, options.timingCache(out), there.get(), true);
      }
      clear(there);
      Instant began = Instant.now();
      List<String> command = trtexec.command(network, out, options);
      TrtexecReport report = run(command);
      EngineManifest manifest = manifest(began, command, report);
      manifest.write(out);
      return new EngineResult.Built(out, options.timingCache(out), manifest, false);
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot run " + trtexec.program() + " into " + out, e);
    }
  }

  private boolean isUpToDate(EngineManifest there) throws IOException {
    return there.onnx().sha256().equals(network.digest().hex())
        && there.isOf(trtexec.version(), devices)
        && trtexec.settings(network, options).equals(there.settings())
        && there.isWhole(out);
  }

  /** What an older build left must not pass for this one's, nor its timings for this device's. */
  private void clear(Optional<EngineManifest> there) throws IOException {
    Files.createDirectories(out);
    Files.createDirectories(options.timingCache(out).toAbsolutePath().getParent());
    for (String file :
        List.of(EngineManifest.FILE, EngineManifest.ENGINE, EngineManifest.PROFILE)) {
      Files.deleteIfExists(out.resolve(file));
    }
    boolean foreign = there.filter(m -> !m.isOf(trtexec.version(), devices)).isPresent();
    if (foreign && options.ownsTimingCache()) {
      Files.deleteIfExists(options.timingCache(out));
    }
  }

  private TrtexecReport run(List<String> command) throws IOException {
    Path log = out.resolve(EngineManifest.LOG);
    Tool.Output output = Tool.run(command, log, options.timeout());
    if (output.timedOut()) {
      throw new EngineBuildException(
          "trtexec was stopped after %s. Raise the timeout, or see %s"
              .formatted(options.timeout(), log));
    }
    if (output.exit() != 0 || !Files.isRegularFile(out.resolve(EngineManifest.ENGINE))) {
      throw failure("exit code " + output.exit(), output);
    }
    try {
      return TrtexecReport.parse(output.text());
    } catch (IllegalArgumentException e) {
      throw failure(e.getMessage(), output);
    }
  }

  private EngineManifest manifest(Instant began, List<String> command, TrtexecReport report)
      throws IOException {
    List<Integer> shape = network.shape(options.batch());
    Instant now = Instant.now();
    return new EngineManifest(
        now.truncatedTo(ChronoUnit.SECONDS).toString(),
        Double.isNaN(report.buildSeconds())
            ? began.until(now, ChronoUnit.MILLIS) / 1000.0
            : report.buildSeconds(),
        trtexec.version().isEmpty() ? report.tensorRt() : trtexec.version(),
        host.gpu(devices).as(report.device(), report.computeCapability()),
        devices,
        EngineManifest.Onnx.of(network),
        shape,
        trtexec.settings(network, options),
        command,
        EngineManifest.Engine.of(out.resolve(EngineManifest.ENGINE)),
        report.queriesPerSecond(),
        report.queriesPerSecond() * shape.get(0),
        report.latency().values(),
        report.gpuCompute().values(),
        network.findings().stream().map(Object::toString).toList());
  }

  private EngineBuildException failure(String what, Tool.Output output) {
    List<String> lines = output.text().lines().toList();
    String end =
        String.join("\n  ", lines.subList(Math.max(0, lines.size() - LAST_LINES), lines.size()));
    String cause = TrtexecFailure.cause(output.exit(), output.text()).map(c -> ": " + c).orElse("");
    return new EngineBuildException(
        "trtexec gave no engine for %s (%s)%s. The end of %s:\n  %s"
            .formatted(network.path(), what, cause, out.resolve(EngineManifest.LOG), end));
  }
}
