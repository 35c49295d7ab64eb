package stillhouse.tensorrt;

import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import stillhouse.identity.Sha256;

/**
 * What an engine was made of, for which device, and how fast it ran there: {@code manifest.json}
 * beside it, written last.
 *
 * @param builtAt in UTC
 * @param devices of the machine, as {@link GpuHost#devices} lists them
 * @param shape [N, 3, H, W]
 * @param settings of the command what decides how an engine comes out
 * @param findings nodes that were not in TensorRT's list
 */
public record EngineManifest(
    @JsonProperty("built_at") String builtAt,
    @JsonProperty("build_seconds") Double buildSeconds,
    @JsonProperty("tensorrt") String tensorRt,
    @JsonProperty("gpu") Gpu gpu,
    @JsonProperty("devices") List<String> devices,
    @JsonProperty("onnx") Onnx onnx,
    @JsonProperty("shape") List<Integer> shape,
    @JsonProperty("settings") List<String> settings,
    @JsonProperty("command") List<String> command,
    @JsonProperty("engine") Engine engine,
    @JsonProperty("queries_per_second") double queriesPerSecond,
    @JsonProperty("images_per_second") double imagesPerSecond,
    @JsonProperty("latency_ms") Map<String, Double> latencyMillis,
    @JsonProperty("gpu_compute_ms") Map<String, Double> gpuComputeMillis,
    @JsonProperty("not_in_operator_list") List<String> findings) {
  static final String FILE = "manifest.json";
  static final String ENGINE = "model.engine";
  static final String PROFILE = "profile.json";
  static final String LOG = "trtexec.log";

  private static final ObjectMapper JSON =
      new ObjectMapper()
          .enable(SerializationFeature.INDENT_OUTPUT)
          .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES);

  /** The file that the engine is of. */
  public record Onnx(
      String file, String sha256, long bytes, String precision, Map<String, String> metadata) {
    static Onnx of(NetworkFile network) {
      return new Onnx(
          network.path().getFileName().toString(),
          network.digest().hex(),
          network.bytes(),
          network.precision(),
          new TreeMap<>(network.metadata()));
    }
  }

  /** The engine's file. */
  public record Engine(String file, String sha256, long bytes) {
    static Engine of(Path file) throws IOException {
      return new Engine(file.getFileName().toString(), Sha256.ofFile(file).hex(), Files.size(file));
    }
  }

  /** The manifest of a folder; empty where there is none, or none that can be read. */
  public static Optional<EngineManifest> read(Path folder) {
    Path file = folder.resolve(FILE);
    if (!Files.isRegularFile(file)) {
      return Optional.empty();
    }
    try {
      EngineManifest manifest = JSON.readValue(file.toFile(), EngineManifest.class);
      boolean whole =
          manifest.onnx != null
              && manifest.engine != null
              && manifest.gpu != null
              && manifest.latencyMillis != null
              && manifest.latencyMillis.containsKey("median");
      return whole ? Optional.of(manifest) : Optional.empty();
    } catch (IOException e) {
      return Optional.empty(); // cut short, or of another version: the engine is built again
    }
  }

  /** Whether it was built by that TensorRT on a machine of those devices. */
  boolean isOf(String version, List<String> hostsDevices) {
    return version.equals(tensorRt) && hostsDevices.equals(devices);
  }

  /** Whether the engine that it tells of lies in the folder, whole. */
  boolean isWhole(Path folder) throws IOException {
    Path file = folder.resolve(ENGINE);
    return Files.isRegularFile(file)
        && Files.size(file) == engine.bytes()
        && Sha256.ofFile(file).hex().equals(engine.sha256());
  }

  double medianMillis() {
    return latencyMillis.get("median");
  }

  void write(Path folder) {
    Path part = folder.resolve(FILE + ".part");
    try {
      JSON.writeValue(part.toFile(), this);
      Files.move(
          part,
          folder.resolve(FILE),
          StandardCopyOption.ATOMIC_MOVE,
          StandardCopyOption.REPLACE_EXISTING);
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot write " + folder.resolve(FILE) + ": " + e, e);
    }
  }
}
