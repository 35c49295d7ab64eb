package stillhouse.teacher;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

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
  void scalesEachAxisByItsOwnFactor() {
    Question question = Question.of(new Prompt.Box(1, 10, 20, 30, 40), FRAME).scaled(0.5f, 0.25f);

    assertThat(question.coords().data()).containsExactly(10, 10, 30, 20);
  }
}
