package stillhouse.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import stillhouse.train.EpochGate.Decision;

class ValidationHistoryTest {
  /** Worked by hand: the best is after epoch 4, and two looks since did not beat it. */
  @Test
  void endsAfterAsManyLooksInARowWithoutABetterOne() {
    ValidationHistory history = of(0.20, 0.30, 0.29, 0.41, 0.41, 0.35);
    assertThat(history.best().orElseThrow().epoch()).isEqualTo(4);
    assertThat(history.withoutBetter()).isEqualTo(2);
    assertThat(history.exhausted(OptionalInt.of(2))).isTrue();
    assertThat(history.exhausted(OptionalInt.of(3))).isFalse();
    assertThat(history.exhausted(OptionalInt.empty())).as("without patience").isFalse();
  }

  @Test
  void aBetterLookGivesAllPatienceBack() {
    assertThat(of(0.30, 0.29).withoutBetter()).isEqualTo(1);
    assertThat(of(0.30, 0.29, 0.31).withoutBetter()).isZero();
    assertThat(of(0.30, 0.29, 0.31, 0.30).exhausted(OptionalInt.of(2))).isFalse();
  }

  @Test
  void theEarlierOfTwoEqualLooksIsTheBest() {
    assertThat(of(0, 0, 0).best().orElseThrow().epoch()).isEqualTo(1);
    assertThat(of().best()).isEmpty();
    assertThat(of().exhausted(OptionalInt.of(1))).isFalse();
  }

  @Test
  void readsLooksInAnyOrder() {
    List<ValidationLook> looks = new ArrayList<>(of(0.5, 0.4, 0.3).looks());
    java.util.Collections.reverse(looks);
    assertThat(new ValidationHistory(looks).withoutBetter()).isEqualTo(2);
  }

  @Test
  void refusesAScoreThatIsNone() {
    assertThatThrownBy(() -> of(Double.NaN))
        .hasMessage("Invalid score of epoch 1: NaN (must be finite)");
  }

  private static ValidationHistory of(double... scores) {
    List<ValidationLook> looks = new ArrayList<>();
    for (double score : scores) {
      int epoch = looks.size() + 1;
      looks.add(
          new ValidationLook(epoch, 5L * epoch, "w", "x", score, Map.of(), Decision.CONTINUE, 1));
    }
    return new ValidationHistory(looks);
  }
}
