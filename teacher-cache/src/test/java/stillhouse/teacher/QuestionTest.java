package stillhouse.teacher;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import stillhouse.tensor.FloatTensor;

class QuestionTest {
  // An image of 100×50 over 200×100 of an input of 200×200.
  private static final InputFrame FRAME = new InputFrame(200, 200, 100, 200, 50, 100);

  @Test
  void asksABoxByItsCorners() {
    Question question = Question.of(new Prompt.Box(1, 10, 20, 30, 40), FRAME);

    assertThat(question.coords().data()).containsExactly(20, 40, 60, 80);
    assertThat(question.labels().data()).containsExactly(2, 3);
    assertThat(question.padded()).isSameAs(question);
  }

  @Test
  void tellsForegroundFromBackgroundAndPadsAPoint() {
    Question inside = Question.of(new Prompt.Point(1, 5, 6, true), FRAME).padded();
    Question outside = Question.of(new Prompt.Point(1, 5, 6, false), FRAME);

    assertThat(inside.coords(1).shape()).containsExactly(1, 2, 2);
    assertThat(inside.coords().data()).containsExactly(10, 12, 0, 0);
    assertThat(inside.labels().data()).containsExactly(1, -1);
    assertThat(outside.labels(2).shape()).containsExactly(1, 1, 1);
    assertThat(outside.labels().data()).containsExactly(0);
  }

  @Test
  void asksSeveralPointsInTheirOrderAndTheBoxLast() {
    Prompt.Point in = new Prompt.Point(1, 5, 6, true);
    Prompt.Point out = new Prompt.Point(1, 7, 8, false);
    Clicks points = new Clicks(List.of(in, out), Optional.empty(), Optional.empty());
    Clicks boxed =
        new Clicks(
            points.points(), Optional.of(new Prompt.Box(1, 10, 20, 30, 40)), points.before());

    Question several = Question.of(points, FRAME).padded();
    Question all = Question.of(boxed, FRAME);

    assertThat(several.coords().data()).containsExactly(10, 12, 14, 16, 0, 0);
    assertThat(several.labels().data()).containsExactly(1, 0, -1);
    assertThat(all.coords().data()).containsExactly(10, 12, 14, 16, 20, 40, 60, 80);
    assertThat(all.labels().data()).containsExactly(1, 0, 2, 3);
    assertThat(all.padded()).isSameAs(all);
    assertThat(
            List.of(
                Question.of(in, FRAME).isSeveral(),
                Question.of(boxed.box().get(), FRAME).isSeveral()))
        .containsOnly(false);
    assertThat(List.of(Question.of(points, FRAME).isSeveral(), all.isSeveral())).containsOnly(true);
  }

  @Test
  void keepsTheMaskOfTheRoundBeforeThroughPaddingAndScaling() {
    FloatTensor mask = new FloatTensor(new int[] {2, 3}, new float[] {1, 2, 3, 4, 5, 6});
    Question first = Question.of(new Prompt.Point(1, 5, 6, true), FRAME);
    Question second =
        Question.of(
            Clicks.of(new Prompt.Point(1, 5, 6, true))
                .then(new Prompt.Point(1, 9, 9, false), Optional.of(mask)),
            FRAME);

    assertThat(first.mask(2, 3).data()).containsOnly(0).hasSize(6);
    assertThat(first.hasMask().data()).containsExactly(0);
    assertThat(second.padded().scaled(2, 2).mask(2, 3).shape()).containsExactly(1, 1, 2, 3);
    assertThat(second.padded().scaled(2, 2).mask(2, 3).data()).containsExactly(1, 2, 3, 4, 5, 6);
    assertThat(second.hasMask().data()).containsExactly(1);
  }

  @Test
  void aMaskHalfAsFineIsEnlarged() {
    FloatTensor mask = new FloatTensor(new int[] {1, 2}, new float[] {0, 4});
    Question second =
        Question.of(
            Clicks.of(new Prompt.Point(1, 5, 6, true))
                .then(new Prompt.Point(1, 9, 9, false), Optional.of(mask)),
            FRAME);

    assertThat(second.mask(2, 4).shape()).containsExactly(1, 1, 2, 4);
    assertThat(second.mask(2, 4).data()).containsExactly(0, 1, 3, 4, 0, 1, 3, 4);
  }

  @Test
  void scalesEachAxisByItsOwnFactor() {
    Question question = Question.of(new Prompt.Box(1, 10, 20, 30, 40), FRAME).scaled(0.5f, 0.25f);

    assertThat(question.coords().data()).containsExactly(10, 10, 30, 20);
  }
}
