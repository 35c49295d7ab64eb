package stillhouse.tracking;

import com.fasterxml.jackson.core.JsonEncoding;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import com.fasterxml.jackson.dataformat.yaml.YAMLGenerator;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import stillhouse.identity.Sha256;
import stillhouse.predict.OnnxSignature;
import stillhouse.predict.OnnxSignature.Tensor;

/**
 * A model directory as MLflow's {@code mlflow.onnx.save_model} leaves it, without Python: flavours
 * {@code onnx} and {@code python_function}, signature, input example, and the environment that it
 * is served in.
 */
public final class OnnxModel {
  /** What a serving environment installs: the versions that requirements.txt pins, by a test. */
  static final List<String> REQUIREMENTS =
      List.of("mlflow==3.6.0", "numpy==1.26.4", "onnx==1.18.0", "onnxruntime==1.23.2");

  private static final String PYTHON = "3.11.7"; // of the environment that those were tried in
  private static final String DATA = "model.onnx";
  private static final String EXAMPLE = "input_example.json";
  private static final String SERVING_EXAMPLE = "serving_input_example.json";
  private static final int UUID_DIGITS = 32;
  private static final DateTimeFormatter TIME =
      DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm:ss.SSSSSS").withZone(ZoneOffset.UTC);
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final ObjectMapper YAML =
      new ObjectMapper(new YAMLFactory().disable(YAMLGenerator.Feature.WRITE_DOC_START_MARKER));

  private OnnxModel() {}

  /** The folder of a run's artifacts that holds a file's model directory, and no other's ever. */
  public static String artifact(String digest) {
    return "model/" + new Sha256(digest).brief();
  }

  /**
   * Writes the directory of an ONNX file, replacing what is there.
   *
   * @param runId of the MLflow run that made it
   * @return the folder
   */
  public static Path write(Path onnx, Path folder, String runId) {
    OnnxSignature signature = OnnxSignature.of(onnx);
    try {
      Files.createDirectories(folder);
      Files.copy(onnx, folder.resolve(DATA), StandardCopyOption.REPLACE_EXISTING);
      Files.writeString(folder.resolve("requirements.txt"), String.join("\n", REQUIREMENTS));
      Files.writeString(folder.resolve("conda.yaml"), YAML.writeValueAsString(conda()));
      Files.writeString(folder.resolve("python_env.yaml"), YAML.writeValueAsString(virtualenv()));
      example(folder.resolve(EXAMPLE), signature, List.of());
      example(folder.resolve(SERVING_EXAMPLE), signature, List.of("inputs"));
      // Last: MLflow takes a folder for a model by this file.
      Files.writeString(
          folder.resolve("MLmodel"), YAML.writeValueAsString(description(onnx, signature, runId)));
    } catch (IOException e) {
      throw new UncheckedIOException(
          "Cannot write the MLflow model of " + onnx + " to " + folder, e);
    }
    return folder;
  }

  private static Map<String, Object> description(Path onnx, OnnxSignature signature, String runId)
      throws IOException {
    Map<String, Object> model = new LinkedHashMap<>();
    model.put("flavors", flavours());
    model.put("mlflow_version", version("mlflow"));
    model.put("model_size_bytes", Files.size(onnx));
    String digest = Sha256.ofFile(onnx).hex();
    model.put("model_uuid", digest.substring(0, UUID_DIGITS));
    model.put("run_id", runId);
    model.put(
        "saved_input_example_info",
        Map.of(
            "artifact_path", EXAMPLE,
            "serving_input_path", SERVING_EXAMPLE,
            "type", "ndarray"));
    model.put(
        "signature",
        Map.of("inputs", specs(signature.inputs()), "outputs", specs(signature.outputs())));
    model.put("utc_time_created", TIME.format(Instant.now()));
    return model;
  }

  private static Map<String, Object> flavours() {
    Map<String, Object> onnx = new LinkedHashMap<>();
    onnx.put("data", DATA);
    onnx.put("onnx_version", version("onnx"));
    onnx.put("providers", List.of("CUDAExecutionProvider", "CPUExecutionProvider"));
    Map<String, Object> python = new LinkedHashMap<>();
    python.put("data", DATA);
    python.put("env", Map.of("conda", "conda.yaml", "virtualenv", "python_env.yaml"));
    python.put("loader_module", "mlflow.onnx");
    python.put("python_version", PYTHON);
    Map<String, Object> flavours = new LinkedHashMap<>();
    flavours.put("onnx", onnx);
    flavours.put("python_function", python);
    return flavours;
  }

  /** MLflow keeps a signature's sides as JSON inside its YAML. */
  private static String specs(List<Tensor> tensors) throws JsonProcessingException {
    return JSON.writeValueAsString(
        tensors.stream()
            .map(
                tensor ->
                    Map.of(
                        "name",
                        tensor.name(),
                        "type",
                        "tensor",
                        "tensor-spec",
                        Map.of("dtype", tensor.dtype(), "shape", tensor.shape())))
            .toList());
  }

  private static String version(String distribution) {
    return REQUIREMENTS.stream()
        .filter(pin -> pin.startsWith(distribution + "=="))
        .map(pin -> pin.substring(distribution.length() + 2))
        .findFirst()
        .orElseThrow();
  }

  private static Map<String, Object> conda() {
    Map<String, Object> conda = new LinkedHashMap<>();
    conda.put("channels", List.of("conda-forge"));
    conda.put("dependencies", List.of("python=" + PYTHON, "pip", Map.of("pip", REQUIREMENTS)));
    conda.put("name", "mlflow-env");
    return conda;
  }

  private static Map<String, Object> virtualenv() {
    Map<String, Object> environment = new LinkedHashMap<>();
    environment.put("python", PYTHON);
    environment.put("build_dependencies", List.of("pip", "setuptools", "wheel"));
    environment.put("dependencies", List.of("-r requirements.txt"));
    return environment;
  }

  /** One image, a grey ramp from left to right, under the names of {@code around}. */
  private static void example(Path file, OnnxSignature signature, List<String> around)
      throws IOException {
    try (JsonGenerator json = JSON.getFactory().createGenerator(file.toFile(), JsonEncoding.UTF8)) {
      json.writeStartObject();
      for (String name : around) {
        json.writeObjectFieldStart(name);
      }
      for (Tensor input : signature.inputs()) {
        json.writeFieldName(input.name());
        ramp(json, input.shape(), 0);
      }
      for (int i = 0; i <= around.size(); i++) {
        json.writeEndObject();
      }
    }
  }

  private static void ramp(JsonGenerator json, List<Long> shape, int axis) throws IOException {
    long length = Math.max(1, shape.get(axis)); // −1, any number, of images: one
    json.writeStartArray();
    for (long i = 0; i < length; i++) {
      if (axis + 1 < shape.size()) {
        ramp(json, shape, axis + 1);
      } else {
        json.writeNumber(Math.round(100f * i / length) / 100f);
      }
    }
    json.writeEndArray();
  }
}
