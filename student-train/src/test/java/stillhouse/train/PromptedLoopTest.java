package stillhouse.train;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import stillhouse.identity.Sha256;

/** Prompts in the loop are drawn, asked and learned from alike wherever a run was stopped. */
class PromptedLoopTest {
  private static final TrainingPlan PLAN = new TrainingPlan(3, 8, 0.02, 0.01, 0, 1.0, 42);

  @TempDir Path folder;
  private Checkpoints checkpoints;
  private int attempt;
  private Recipe recipe;

  @BeforeEach
  void begin() {
    checkpoints = new Checkpoints(folder.toString(), 99, new Configuration());
    attempt = checkpoints.attempts().begin().number();
    recipe = PromptedParts.recipe(folder);
  }

  @Test
  void resumesBitByBitInTheMiddleOfAnEpochAndLearns() {
    Sha256 straight;
    Position at = new Position(1, 2);
    try (SavingRank rank = rank(at)) {
      rank.loop.run(Position.START, 3, 1);
      straight = WeightDigest.of(rank.weights);
      assertThat(rank.steps.get(8).loss()).isLessThan(rank.steps.get(0).loss());
      assertThat(rank.steps.get(0).terms()).containsOnlyKeys("prompt-teacher", "prompt-labels");
      assertThat(rank.steps).allSatisfy(s -> assertThat(s.loss()).isFinite());
    }
    try (SavingRank rank = rank(at)) {
      rank.loop.resume(checkpoints.latest().orElseThrow());
      rank.loop.run(at, 3, 1);
      assertThat(WeightDigest.of(rank.weights)).isEqualTo(straight);
    }
  }

  @Test
  void theTeachersDecoderIsFrozenAndTheStudentsMoves() {
    try (SavingRank rank = rank(Position.START)) {
      float[] before = rank.frozen.get("teacher.mask_decoder.iou_token.weight").toFloatArray();
      float[] own = rank.weights.get("student.mask_decoder.iou_token.weight").toFloatArray();
      rank.loop.run(Position.START, 1, 0);
      assertThat(rank.frozen.get("teacher.mask_decoder.iou_token.weight").toFloatArray())
          .containsExactly(before);
      assertThat(rank.weights.get("student.mask_decoder.iou_token.weight").toFloatArray())
          .isNotEqualTo(own);
    }
  }

  /** Arrays that a step made and did not close would be there after it. */
  @Test
  void leavesNoNativeArrayOfAStepBehind() {
    try (SavingRank rank = rank(Position.START)) {
      rank.loop.run(Position.START, 1, 0);
      int after = rank.weights.manager().getManagedArrays().size();
      int teachers = rank.frozen.manager().getManagedArrays().size();
      rank.loop.run(new Position(1, 0), 3, 0);
      assertThat(rank.weights.manager().getManagedArrays()).hasSize(after);
      assertThat(rank.frozen.manager().getManagedArrays()).hasSize(teachers);
    }
  }

  private SavingRank rank(Position savedAt) {
    return new SavingRank(
        PLAN,
        checkpoints,
        attempt,
        savedAt,
        (weights, frozen) ->
            PromptedParts.phase(recipe, weights, PromptedParts.decoder(weights), frozen));
  }
}
