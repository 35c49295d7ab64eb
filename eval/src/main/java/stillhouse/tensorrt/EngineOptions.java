package stillhouse.tensorrt;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Set;

/**
 * How an engine is built. The network is strongly typed: its precision is what the ONNX file says,
 * by its types and its QuantizeLinear / DequantizeLinear nodes; there is no precision flag.
 *
 * @param batch images a call
 * @param trtexec a name that is looked for, or a file
 * @param timingCache used and extended; relative to the engine's folder
 * @param timeout of the whole build
 * @param force whether an engine that is up to date is built again
 * @param extra further arguments for {@code trtexec}, given as they are
 */
public record EngineOptions(
    int batch,
    Path trtexec,
    Path timingCache,
    Duration timeout,
    boolean force,
    List<String> extra) {
  private static final Set<String> OURS =
      Set.of(
          "--onnx",
          "--saveEngine",
          "--loadEngine",
          "--timingCacheFile",
          "--exportProfile",
          "--shapes",
          "--minShapes",
          "--optShapes",
          "--maxShapes",
          "--skipInference",
          "--buildOnly");
  private static final Set<String> PRECISIONS =
      Set.of("--fp16", "--bf16", "--int8", "--fp8", "--int4", "--best", "--calib");
  private static final Path TIMING_CACHE = Path.of("timing.cache");

  public EngineOptions {
    extra = List.copyOf(extra);
    if (batch < 1) {
      throw new IllegalArgumentException("Invalid batch: " + batch + " (must be ≥ 1)");
    }
    if (timeout.isNegative() || timeout.isZero()) {
      throw new IllegalArgumentException("Invalid timeout: " + timeout + " (must be > 0)");
    }
    for (String argument : extra) {
      String name = argument.split("=", 2)[0];
      if (OURS.contains(name)) {
        throw new IllegalArgumentException(
            "Invalid argument for trtexec: " + argument + " (it is set here)");
      }
      if (PRECISIONS.contains(name)) {
        throw new IllegalArgumentException(
            "Invalid argument for trtexec: "
                + argument
                + " (precision is what the ONNX file says; export --variants fp16,int8 makes others)");
      }
    }
  }

  /** One image at a time, up to half an hour, by the {@code trtexec} that is found. */
  public static EngineOptions standard() {
    return new EngineOptions(
        1, Path.of("trtexec"), TIMING_CACHE, Duration.ofMinutes(30), false, List.of());
  }

  /** Where the timing cache lies. */
  Path timingCache(Path out) {
    return out.resolve(timingCache);
  }

  /** Whether the timing cache is the engine's own, which no other build reads. */
  boolean ownsTimingCache() {
    return timingCache.equals(TIMING_CACHE);
  }
}
