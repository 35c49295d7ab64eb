package stillhouse.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.withinPercentage;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import stillhouse.comm.AllReduce;
import stillhouse.comm.SingleRank;
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

  /** The second phase of {@code sam2-dense-point}. */
  @Test
  void aDecoderOfPointsAloneResumesBitByBitAndLeavesTheRestAsItIs() {
    Position at = new Position(1, 2);
    Sha256 straight;
    try (SavingRank rank = ofPoints(at, new SingleRank())) {
      float[] encoder = rank.weights.get("student.first.weight").toFloatArray();
      float[] own = rank.weights.get("student.mask_decoder.iou_token.weight").toFloatArray();
      rank.loop.run(Position.START, 3, 1);
      straight = WeightDigest.of(rank.weights);
      assertThat(rank.steps).allSatisfy(s -> assertThat(s.loss()).isFinite());
      assertThat(rank.weights.get("student.first.weight").toFloatArray()).containsExactly(encoder);
      assertThat(rank.weights.get("student.mask_decoder.iou_token.weight").toFloatArray())
          .isNotEqualTo(own);
    }
    try (SavingRank rank = ofPoints(at, new SingleRank())) {
      rank.loop.resume(checkpoints.latest().orElseThrow());
      rank.loop.run(at, 3, 1);
      assertThat(WeightDigest.of(rank.weights)).isEqualTo(straight);
    }
  }

  /** Of an epoch's last step one rank has a single sample and another none. */
  @Test
  void fourRanksOfPointsAloneEndAlikeAndAsOneDoes() throws Exception {
    Function<AllReduce, Map<String, float[]>> trained =
        allReduce -> {
          try (SavingRank rank = ofPoints(Position.START, allReduce)) {
            rank.loop.run(Position.START, 1, 0);
            return LockstepRanks.trained(rank.weights);
          }
        };
    LockstepRanks.requireAlike(LockstepRanks.run(4, trained), trained.apply(new SingleRank()));
  }

  /**
   * Weights that hardly move: at a rate to learn by, AdamW takes whole steps by gradients that are
   * all but 0, and what ranks add in another order goes other ways.
   */
  @Test
  void fourRanksEndAlikeAndHaveOnesLossesAndGradients() throws Exception {
    TrainingPlan still = new TrainingPlan(3, 8, 1e-7, 0.01, 0, 1.0, 42);
    record Taken(Sha256 weights, List<TrainingMetrics.Step> steps) {}
    Function<AllReduce, Taken> taken =
        allReduce -> {
          try (SavingRank rank = rank(still, Position.START, allReduce)) {
            rank.loop.run(Position.START, 1, 0);
            return new Taken(WeightDigest.of(rank.weights), rank.steps);
          }
        };
    List<Taken> four = LockstepRanks.run(4, taken);

    List<TrainingMetrics.Step> single = taken.apply(new SingleRank()).steps();
    assertThat(four).extracting(Taken::weights).containsOnly(four.get(0).weights());
    assertThat(single).hasSize(3);
    for (int step = 0; step < 3; step++) {
      TrainingMetrics.Step found = four.get(0).steps().get(step);
      assertThat(found.loss()).isCloseTo(single.get(step).loss(), withinPercentage(1e-3));
      assertThat(found.gradientNorm())
          .isCloseTo(single.get(step).gradientNorm(), withinPercentage(1e-2));
    }
  }

  private SavingRank rank(Position savedAt) {
    return rank(PLAN, savedAt, new SingleRank());
  }

  private SavingRank rank(TrainingPlan plan, Position savedAt, AllReduce allReduce) {
    return new SavingRank(
        plan,
        checkpoints,
        attempt,
        savedAt,
        (weights, frozen) ->
            PromptedParts.phase(recipe, weights, PromptedParts.decoder(weights), frozen),
        allReduce);
  }

  private SavingRank ofPoints(Position savedAt, AllReduce allReduce) {
    return new SavingRank(
        PLAN,
        checkpoints,
        attempt,
        savedAt,
        (weights, frozen) -> PromptedParts.points(folder, weights),
        allReduce);
  }
}
