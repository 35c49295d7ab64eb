package stillhouse.loss;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import ai.djl.ndarray.NDArray;
import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import stillhouse.data.ImageCodec;
import stillhouse.scene.Scene;
import stillhouse.scene.Scenes;

/**
 * Values and gradients on drawn scenes and, where NEU-Seg is there, on real defects, against {@code
 * reference/picture_losses.json}: figures of published packages where one has the loss (versions in
 * {@code made_with}). Made by {@code reference/picture_losses.py}.
 */
class PictureLossTest {
  private static final long SCENE_SEED = 11;
  private static final int SCENE_SIZE = 64;

  @TestFactory
  Stream<DynamicTest> agreesWithPublishedPackagesOnDrawnScenes() throws IOException {
    List<Scene> scenes = new ArrayList<>();
    for (int i = 0; i < 3; i++) {
      scenes.add(Scenes.draw(SCENE_SEED, i, SCENE_SIZE));
    }
    return cases("scenes", scenes);
  }

  @TestFactory
  Stream<DynamicTest> agreesWithPublishedPackagesOnRealDefects() throws IOException {
    Optional<Path> folder = neuSeg();
    assumeTrue(folder.isPresent(), "NEU-Seg is not here: set STILLHOUSE_NEU_SEG to its folder");
    List<Scene> defects = new ArrayList<>();
    for (JsonNode name : set("neu-seg").get("images")) {
      Path image = folder.get().resolve("images/test").resolve(name.asText());
      String mask = name.asText().replace(".jpg", ".png");
      defects.add(
          new Scene(
              ImageCodec.decodeRgb(Files.readAllBytes(image)),
              ImageCodec.decodeMask(
                  Files.readAllBytes(folder.get().resolve("annotations/test").resolve(mask)))));
    }
    return cases("neu-seg", defects);
  }

  private static Stream<DynamicTest> cases(String set, List<Scene> pictures) throws IOException {
    JsonNode about = set(set);
    List<JsonNode> cases =
        StreamSupport.stream(read().get("cases").spliterator(), false)
            .filter(c -> c.get("set").asText().equals(set))
            .toList();
    assertThat(cases).hasSize(20);
    return cases.stream()
        .map(c -> DynamicTest.dynamicTest(c.get("name").asText(), () -> check(c, about, pictures)));
  }

  private static void check(JsonNode c, JsonNode about, List<Scene> pictures) {
    try (var bench = new Bench()) {
      Map<String, NDArray> in = PictureInputs.of(bench, pictures, about.get("classes").asInt());
      about
          .get("sums")
          .fields()
          .forEachRemaining(
              e ->
                  assertThat(sum(in.get(e.getKey())))
                      .as("input " + e.getKey())
                      .isEqualTo(e.getValue().asDouble()));
      ReferenceCase.check(bench, c, in);
    }
  }

  private static double sum(NDArray values) {
    double sum = 0;
    for (float v : values.toFloatArray()) {
      sum += v;
    }
    return sum;
  }

  private static JsonNode set(String name) throws IOException {
    return read().get("sets").get(name);
  }

  private static JsonNode read() throws IOException {
    return ReferenceCase.read("picture_losses.json");
  }

  private static Optional<Path> neuSeg() {
    String named = System.getenv("STILLHOUSE_NEU_SEG");
    Path folder = Path.of(named != null ? named : "../../shared/data/neu_seg");
    return Optional.of(folder).filter(f -> Files.isDirectory(f.resolve("images/test")));
  }
}
