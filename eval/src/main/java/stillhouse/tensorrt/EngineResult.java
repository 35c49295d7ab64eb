package stillhouse.tensorrt;

import java.nio.file.Path;

/** What became of an engine build that did not fail. */
public sealed interface EngineResult {
  /** One line for logs and tables. */
  String summary();

  /**
   * An engine, and how fast it ran.
   *
   * @param engine for this GPU's architecture and this TensorRT version only
   * @param profile seconds a layer, as JSON
   * @param log everything that {@code trtexec} printed
   */
  record Built(Path engine, Path profile, Path log, TrtexecReport report) implements EngineResult {
    @Override
    public String summary() {
      return "built (%.1f inferences a second, median %.3f ms)"
          .formatted(report.throughputPerSecond(), report.latency().medianMillis());
    }
  }

  /** This machine cannot build engines. */
  record NotBuilt(String summary) implements EngineResult {}
}
