package stillhouse.decoder;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDManager;
import java.util.Arrays;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;

class QuestionsTest {
  // Two classes on 3×4 pixels: an L of the first, two pixels of the second, one lone pixel.
  private static final float[] TRUTH = {
    1, 0, 0, 0, 1, 0, 0, 0, 1, 1, 0, 0, //
    0, 0, 1, 1, 0, 0, 0, 0, 0, 0, 0, 1
  };

  @Test
  void objectsAreTheComponentsOfTheClassesThatAreLargeEnough() {
    DrawnObjects objects = DrawnObjects.of(TRUTH, 2, 3, 4, new float[] {0, 0, 0, 0}, 4, 2);
    assertThat(objects.all())
        .extracting(o -> o.component().classId() + ": " + o.component().area())
        .containsExactly("1: 4", "2: 2");
    assertThat(Arrays.copyOf(objects.masks(), 12))
        .containsExactly(1, 0, 0, 0, 1, 0, 0, 0, 1, 1, 0, 0);
  }

  @Test
  void whichAreDrawnIsSaidByTheDraws() {
    DrawnObjects last = DrawnObjects.of(TRUTH, 2, 3, 4, new float[] {0.99f, 0.99f}, 2, 1);
    assertThat(last.all())
        .extracting(o -> o.component().classId() + ": " + o.component().area())
        .containsExactly("2: 1", "2: 2");
  }

  @Test
  void boxesHaveTheirCornersAndPointsAPaddingPoint() {
    DrawnObjects objects = DrawnObjects.of(TRUTH, 2, 3, 4, new float[] {0, 0}, 2, 2);
    var questions = new Questions(objects, 0.5, new float[] {0.9f, 0.1f}, new float[] {0, 0.5f});
    try (NDManager manager = Decoders.manager()) {
      assertThat(questions.points(manager).toFloatArray())
          .containsExactly(0, 0, 2, 3, /* second pixel of two, its middle */ 3.5f, 0.5f, 0, 0);
      assertThat(questions.labels(manager).toFloatArray()).containsExactly(2, 3, 1, -1);
    }
    assertThat(questions.areSingle()).isTrue();
  }

  @Test
  void aFurtherPointIsWhereTheTwoDisagreeAndPaddingWhereTheyDoNot() {
    DrawnObjects objects = DrawnObjects.of(TRUTH, 2, 3, 4, new float[] {0, 0}, 2, 2);
    var questions = new Questions(objects, 1, new float[2], new float[2]);
    // Half the resolution is one row of two cells: missed right; all right.
    questions.add(
        new float[] {-1, -1, 5, -5},
        new float[] {0, 1, 1, 0},
        new float[0],
        1,
        2,
        new float[] {0.4f, 0.4f});
    try (NDManager manager = Decoders.manager()) {
      assertThat(Arrays.copyOfRange(questions.points(manager).toFloatArray(), 4, 6))
          .containsExactly(3, 1.5f);
      assertThat(questions.labels(manager).toFloatArray()).containsExactly(1, -1, 1, 1, -1, -1);
    }
    assertThat(questions.areSingle()).isFalse();
  }

  @Test
  void nothingIsAskedWherePixelsAreIgnored() {
    DrawnObjects objects = DrawnObjects.of(TRUTH, 2, 3, 4, new float[] {0}, 1, 2);
    var questions = new Questions(objects, 1, new float[1], new float[1]);
    questions.add(
        new float[] {5, 5, -5}, new float[3], new float[] {0, 1, 0}, 1, 3, new float[] {0.9f});
    try (NDManager manager = Decoders.manager()) {
      assertThat(questions.labels(manager).toFloatArray()).containsExactly(1, -1, 0);
      assertThat(questions.points(manager).toFloatArray()[4]).isEqualTo(2); // the middle third's
    }
  }

  @Property(tries = 200)
  void aPixelOfAnObjectIsInIt(
      @ForAll @Size(24) boolean[] set, @ForAll @IntRange(max = 999) int share) {
    float[] truth = new float[24];
    for (int i = 0; i < truth.length; i++) {
      truth[i] = set[i] ? 1 : 0;
    }
    DrawnObjects objects = DrawnObjects.of(truth, 1, 4, 6, new float[5], 5, 1);
    float[] masks = objects.masks();
    for (int p = 0; p < objects.count(); p++) {
      assertThat(masks[p * 24 + objects.all().get(p).pixel(share / 1000.0)]).isEqualTo(1);
    }
  }

  @Property(tries = 200)
  void aFurtherPointLiesInACellThatDisagrees(
      @ForAll @Size(12) boolean[] answer,
      @ForAll @Size(12) boolean[] target,
      @ForAll @IntRange(max = 999) int place) {
    DrawnObjects objects = DrawnObjects.of(TRUTH, 2, 3, 4, new float[] {0}, 1, 2);
    var questions = new Questions(objects, 1, new float[1], new float[1]);
    float[] answers = new float[12];
    float[] targets = new float[12];
    for (int i = 0; i < 12; i++) {
      answers[i] = answer[i] ? 1 : -1;
      targets[i] = target[i] ? 1 : 0;
    }
    questions.add(answers, targets, new float[0], 3, 4, new float[] {place / 1000f});
    try (NDManager manager = Decoders.manager()) {
      float label = questions.labels(manager).toFloatArray()[2];
      float[] at = questions.points(manager).toFloatArray();
      int cell = (int) at[5] * 4 + (int) at[4];
      if (Arrays.equals(answer, target)) {
        assertThat(label).isEqualTo(-1);
      } else {
        assertThat(answer[cell]).isNotEqualTo(target[cell]);
        assertThat(label).isEqualTo(target[cell] ? 1f : 0f);
      }
    }
  }
}
