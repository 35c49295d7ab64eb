package stillhouse.tracking;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import stillhouse.identity.Sha256;

/** Models that are written and registered without Python, and loaded by MLflow's own. */
class ModelRegistryTest {
  private static final Path ONNX =
      Path.of("../eval/src/test/resources/models/tiny_segmenter.onnx").toAbsolutePath();
  private static final String DIGEST = Sha256.ofFile(ONNX).hex();
  private static final ObjectMapper JSON = new ObjectMapper();
  @TempDir static Path folder;
  private static MlflowServer mlflow;
  private static TrackingServer server;

  @BeforeAll
  static void start() throws Exception {
    mlflow = MlflowServer.start(folder);
    server = TrackingServer.connect(mlflow.uri());
  }

  @AfterAll
  static void stop() {
    server.close();
    mlflow.close();
  }

  @Test
  void aRegisteredModelIsLoadedByPythonAndGivesTheLogitsOfTheFile() throws Exception {
    ModelRegistry registry = server.registry();
    TrackedRun run = server.start("plates", "r", Map.of());
    Path directory = OnnxModel.write(ONNX, folder.resolve("model"), run.id());
    String version =
        registry.register("plate cracks", run, directory, DIGEST, Map.of("recipe", "sard"));
    assertThat(version).isEqualTo("1");
    assertThat(registry.register("plate cracks", run, directory, DIGEST, Map.of()))
        .as("the same file of the same run")
        .isEqualTo("1");
    registry.setAlias("plate cracks", ModelRegistry.CHALLENGER, version);

    assertThat(
            mlflow.get(
                "/api/2.0/mlflow/registered-models/alias?name=plate%20cracks&alias=challenger"))
        .contains("\"onnx_sha256\"", DIGEST, "\"recipe\"", "\"sard\"", run.id());
    JsonNode told = load("models:/plate cracks@challenger");
    assertThat(told.get("onnx_sha256").asText()).isEqualTo(DIGEST);
    float[] expected = logits(JSON.readTree(directory.resolve("input_example.json").toFile()));
    assertThat(floats(told.get("onnx"))).containsExactly(expected, within(1e-5f));
    assertThat(floats(told.get("pyfunc"))).containsExactly(expected, within(1e-5f));
    run.finish(true);
  }

  @Test
  void anAliasPointsAtWhatItWasPointedAtLast() {
    ModelRegistry registry = server.registry();
    assertThat(registry.alias("never made", ModelRegistry.CHAMPION)).isEmpty();
    TrackedRun run = server.start("plates", "aliases", Map.of());
    Path directory = OnnxModel.write(ONNX, folder.resolve("aliased"), run.id());
    registry.register("aliased", run, directory, DIGEST, Map.of());
    String second = registry.register("aliased", run, directory, "0".repeat(64), Map.of());
    assertThat(registry.alias("aliased", ModelRegistry.CHAMPION)).isEmpty();
    registry.setAlias("aliased", ModelRegistry.CHAMPION, "1");
    registry.setAlias("aliased", ModelRegistry.CHAMPION, second);
    assertThat(registry.alias("aliased", ModelRegistry.CHAMPION)).hasValue("2");
    assertThatThrownBy(() -> registry.setAlias("aliased", ModelRegistry.CHAMPION, "17"))
        .isInstanceOf(TrackingException.class)
        .hasMessageStartingWith(
            "Cannot point alias champion of model aliased at version 17 at "
                + mlflow.uri()
                + ": HTTP 404");
    run.finish(true);
  }

  @Test
  void aServingEnvironmentIsTheOneThatTheTestsRunIn() throws IOException {
    assertThat(Files.readAllLines(Path.of("../requirements.txt")))
        .containsAll(OnnxModel.REQUIREMENTS);
  }

  @Test
  void aNameThatAFilterWouldReadOtherwiseIsRefused() {
    assertThatThrownBy(() -> ModelRegistry.requireName("a' or name='b"))
        .hasMessageStartingWith("Invalid model name: 'a' or name='b' (must be letters");
    assertThat(ModelRegistry.requireName("neu-seg 1.6m")).isEqualTo("neu-seg 1.6m");
  }

  private static JsonNode load(String model) throws IOException, InterruptedException {
    Path python = Path.of(System.getenv("STILLHOUSE_VENV")).resolve("bin/python").toAbsolutePath();
    Path script = Path.of("src/test/resources/load_model.py").toAbsolutePath();
    Path out = folder.resolve("loaded.json");
    Path err = folder.resolve("loaded.txt");
    Process process =
        new ProcessBuilder(python.toString(), script.toString(), mlflow.uri(), model)
            .redirectOutput(out.toFile())
            .redirectError(err.toFile())
            .start();
    assertThat(process.waitFor()).as(Files.readString(err)).isZero();
    return JSON.readTree(out.toFile());
  }

  private static float[] logits(JsonNode example) throws OrtException {
    JsonNode image = example.get("image");
    float[] pixels = floats(image);
    long[] shape = {
      1, 3, image.get(0).get(0).size(), image.get(0).get(0).get(0).size(),
    };
    var environment = OrtEnvironment.getEnvironment();
    try (var session = environment.createSession(ONNX.toString());
        var input = OnnxTensor.createTensor(environment, FloatBuffer.wrap(pixels), shape);
        var result = session.run(Map.of("image", input))) {
      FloatBuffer logits = ((OnnxTensor) result.get("logits").orElseThrow()).getFloatBuffer();
      float[] all = new float[logits.remaining()];
      logits.get(all);
      return all;
    }
  }

  /** Every number below a node, in order. */
  private static float[] floats(JsonNode node) {
    double[] all =
        StreamSupport.stream(node.spliterator(), false)
            .flatMapToDouble(ModelRegistryTest::numbers)
            .toArray();
    float[] floats = new float[all.length];
    for (int i = 0; i < all.length; i++) {
      floats[i] = (float) all[i];
    }
    return floats;
  }

  private static java.util.stream.DoubleStream numbers(JsonNode node) {
    return node.isArray()
        ? StreamSupport.stream(node.spliterator(), false)
            .flatMapToDouble(ModelRegistryTest::numbers)
        : java.util.stream.DoubleStream.of(node.asDouble());
  }
}
