package stillhouse.tensorrt;

import java.nio.file.Path;
import java.util.List;
import java.util.Locale;

/** What became of an engine build that did not fail. */
public sealed interface EngineResult {
  /** One line for logs and tables. */
  String summary();

  /**
   * An engine, and how fast it ran.
   *
   * @param folder of {@code model.engine}, {@code profile.json}, {@code trtexec.log} and {@code
   *     manifest.json}
   * @param timingCache beside them, or where it was named
   * @param reused whether it was there, and up to date
   */
  record Built(Path folder, Path timingCache, EngineManifest manifest, boolean reused)
      implements EngineResult {
    /** For this GPU's architecture and this TensorRT version only. */
    public Path engine() {
      return folder.resolve(EngineManifest.ENGINE);
    }

    /** All of the folder that tells of the engine, itself first. */
    public List<Path> files() {
      return List.of(
          engine(),
          folder.resolve(EngineManifest.FILE),
          folder.resolve(EngineManifest.PROFILE),
          folder.resolve(EngineManifest.LOG));
    }

    public double medianMillis() {
      return manifest.medianMillis();
    }

    @Override
    public String summary() {
      return String.format(
          Locale.ROOT,
          "built by TensorRT %s on %s (%.1f images a second, median %.3f ms)",
          manifest.tensorRt(),
          manifest.gpu().name(),
          manifest.imagesPerSecond(),
          medianMillis());
    }
  }

  /** This machine cannot build engines. */
  record NotBuilt(String reason) implements EngineResult {
    @Override
    public String summary() {
      return "not built (" + reason + ")";
    }
  }
}
