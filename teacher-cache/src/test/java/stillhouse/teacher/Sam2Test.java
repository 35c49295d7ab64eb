package stillhouse.teacher;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import stillhouse.data.RgbImage;
import stillhouse.tensor.FloatTensor;

/** Runs where {@code teacher fetch sam2-hiera-tiny} has been. */
class Sam2Test {
  private static final int WIDTH = 160;
  private static final int HEIGHT = 120;

  @Test
  void answersAsThePythonRuntimeDoes() throws IOException {
    TeacherConfig config = TeacherConfig.load(TeacherConfigTest.SAM2);
    assumeTrue(
        Files.isDirectory(TeacherFiles.defaultCache().resolve(config.files().encoder().sha256())),
        "SAM 2 is not in " + TeacherFiles.defaultCache());
    JsonNode figures = SmallSegmenter.figures("sam2-hiera-tiny.json");

    try (Teacher teacher = TeacherFiles.resolve(config, TeacherFiles.defaultCache()).open()) {
      Map<String, FloatTensor> features = teacher.encode(List.of(drawn())).get(0);

      features.forEach((layer, map) -> assertLayer(map, figures.get("layers").get(layer)));
      assertAnswer(ask(teacher, features, new Prompt.Box(1, 30, 30, 91, 71)), figures.get("box"));
      assertAnswer(ask(teacher, features, new Prompt.Point(1, 60, 50, true)), figures.get("point"));
      assertThatThrownBy(() -> ask(teacher, Map.of(), new Prompt.Point(1, 1, 1, true)))
          .hasMessageContaining("layer embedding is missing from []");
    }
  }

  private static MaskAnswer ask(Teacher teacher, Map<String, FloatTensor> features, Prompt prompt) {
    return teacher.decode(features, WIDTH, HEIGHT, prompt);
  }

  private static void assertLayer(FloatTensor map, JsonNode expected) {
    double sum = 0;
    double squares = 0;
    for (float v : map.data()) {
      sum += v;
      squares += (double) v * v;
    }
    int n = map.data().length;
    double mean = sum / n;
    for (int axis = 0; axis < 3; axis++) {
      assertThat(map.dim(axis)).isEqualTo(expected.get("shape").get(axis).asInt());
    }
    assertThat(mean).isCloseTo(expected.get("mean").asDouble(), within(1e-4));
    assertThat(Math.sqrt(squares / n - mean * mean))
        .isCloseTo(expected.get("deviation").asDouble(), within(1e-4));
    for (int i = 0; i < 16; i++) {
      assertThat(map.data()[i * (n / 16)])
          .isCloseTo((float) expected.get("values").get(i).asDouble(), within(2e-3f));
    }
  }

  private static void assertAnswer(MaskAnswer answer, JsonNode expected) {
    int positive = 0;
    for (float v : answer.logits().data()) {
      positive += v > 0 ? 1 : 0;
    }
    assertThat(answer.logits().shape()).containsExactly(256, 256);
    assertThat(answer.predictedIou())
        .isCloseTo((float) expected.get("iou").asDouble(), within(2e-3f));
    assertThat(positive).isCloseTo(expected.get("positive").asInt(), within(20));
  }

  /** A yellow ellipse of half-axes 30 and 20 around (60, 50) on a gray slope. */
  private static RgbImage drawn() {
    byte[] rgb = new byte[3 * WIDTH * HEIGHT];
    for (int y = 0; y < HEIGHT; y++) {
      for (int x = 0; x < WIDTH; x++) {
        double dx = (x - 60) / 30.0;
        double dy = (y - 50) / 20.0;
        boolean inside = dx * dx + dy * dy <= 1;
        int at = 3 * (y * WIDTH + x);
        rgb[at] = (byte) (inside ? 200 : 60 + x / 4);
        rgb[at + 1] = (byte) (inside ? 190 : 70 + y / 4);
        rgb[at + 2] = (byte) (inside ? 60 : 80 + (x + y) / 8);
      }
    }
    return new RgbImage(WIDTH, HEIGHT, rgb);
  }
}
