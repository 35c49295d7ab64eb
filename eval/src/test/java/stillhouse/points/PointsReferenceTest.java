package stillhouse.points;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Test;
import stillhouse.teacher.MaskAnswer;
import stillhouse.tensor.FloatTensor;
import stillhouse.tensor.Resize;

/** Held against NumPy and SciPy: reference/dense_points.py. */
class PointsReferenceTest {
  private static final int HEIGHT = 48;
  private static final int WIDTH = 64;
  private static final int ROWS = 12;
  private static final int COLUMNS = 16;
  private static final int MASK_ROWS = 24;
  private static final int MASK_COLUMNS = 32;
  private static final PointSettings SETTINGS = new PointSettings(8, 0.4, 0.3, 0.5, 0.4);

  private static JsonNode cases() throws IOException {
    return new ObjectMapper()
        .readTree(Path.of("src/test/resources/reference/dense_points.json").toFile());
  }

  @Test
  void placesAreThoseOfSciPysFilters() throws IOException {
    for (JsonNode each : cases()) {
      FloatTensor logits = Bumps.maps(each.get("logits"), HEIGHT, WIDTH);

      ProposedPoints points = ProposedPoints.of(logits, ROWS, COLUMNS, SETTINGS);

      List<Integer> cells = new ArrayList<>();
      for (int k = 0; k < points.count(); k++) {
        cells.add(points.cell(k));
      }
      assertThat(cells).isEqualTo(integers(each.get("places")));
    }
  }

  @Test
  void answersComeToTheSameLogits() throws IOException {
    for (JsonNode each : cases()) {
      FloatTensor logits = Bumps.maps(each.get("logits"), HEIGHT, WIDTH);
      List<MaskAnswer> answers = answers(each);

      int[] kept = MergedMasks.kept(answers, SETTINGS);
      FloatTensor merged = MergedMasks.of(answers, logits, SETTINGS);

      assertThat(kept)
          .containsExactly(
              integers(each.get("kept")).stream().mapToInt(Integer::intValue).toArray());
      FloatTensor cells = Resize.area(logits, MASK_ROWS, MASK_COLUMNS);
      for (int i = 0; i < kept.length; i++) {
        assertThat(MergedMasks.classOf(answers.get(kept[i]).logits().data(), cells))
            .isEqualTo(each.get("classes").get(i).asInt());
      }
      assertMap(merged, each);
    }
  }

  private static List<MaskAnswer> answers(JsonNode each) {
    List<MaskAnswer> answers = new ArrayList<>();
    for (int i = 0; i < each.get("masks").size(); i++) {
      float[] mask = Bumps.map(each.get("masks").get(i), MASK_ROWS, MASK_COLUMNS);
      answers.add(
          new MaskAnswer(
              new FloatTensor(new int[] {MASK_ROWS, MASK_COLUMNS}, mask),
              (float) each.get("ious").get(i).asDouble()));
    }
    return answers;
  }

  private static void assertMap(FloatTensor merged, JsonNode each) {
    assertThat(merged.shape()).containsExactly(2, HEIGHT, WIDTH);
    int at = 0;
    for (int c = 0; c < 2; c++) {
      double sum = 0;
      int positive = 0;
      for (int i = c * HEIGHT * WIDTH; i < (c + 1) * HEIGHT * WIDTH; i++) {
        sum += merged.data()[i];
        positive += merged.data()[i] > 0 ? 1 : 0;
      }
      assertThat(sum).isCloseTo(each.get("sums").get(c).asDouble(), within(0.05));
      assertThat(positive).isEqualTo(each.get("positive").get(c).asInt());
      for (int y = 0; y < HEIGHT; y += 7) {
        for (int x = 0; x < WIDTH; x += 7) {
          assertThat((double) merged.data()[(c * HEIGHT + y) * WIDTH + x])
              .isCloseTo(each.get("values").get(at++).asDouble(), within(1e-4));
        }
      }
    }
  }

  private static List<Integer> integers(JsonNode array) {
    return StreamSupport.stream(array.spliterator(), false).map(JsonNode::asInt).toList();
  }
}
