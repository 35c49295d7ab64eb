package stillhouse.teacher;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;
import stillhouse.teacher.SoftTarget.ClassLogits;
import stillhouse.tensor.FloatTensor;

class SoftTargetTest {
  @Test
  void aClassIsTheGreatestOfItsPromptsAndAnUnaskedOneIsAbsent() {
    FloatTensor target =
        SoftTarget.compose(
            3, 1, 2, List.of(answer(3, 1f, -20f), answer(1, -4f, 4f), answer(3, -2f, -15f)));

    assertThat(target.shape()).containsExactly(3, 1, 2);
    assertThat(target.data()).containsExactly(-4f, 4f, -10f, -10f, 1f, -15f);
  }

  @Test
  void bringsAnswersToTheTargetsResolution() {
    FloatTensor coarse = new FloatTensor(new int[] {1, 2}, new float[] {0f, 4f});

    FloatTensor target = SoftTarget.compose(1, 2, 4, List.of(new ClassLogits(1, coarse)));

    assertThat(target.data()).containsExactly(0f, 1f, 3f, 4f, 0f, 1f, 3f, 4f);
  }

  @Test
  void refusesAClassOutsideTheData() {
    assertThatThrownBy(() -> SoftTarget.compose(2, 1, 2, List.of(answer(3, 0f, 0f))))
        .hasMessage("Invalid class of an answer: 3 (must be 1…2)");
    assertThatThrownBy(() -> new ClassLogits(1, new FloatTensor(new int[] {2}, new float[2])))
        .hasMessageContaining("FloatTensor[2] (must be [h, w])");
  }

  private static ClassLogits answer(int classId, float... row) {
    return new ClassLogits(classId, new FloatTensor(new int[] {1, row.length}, row));
  }
}
