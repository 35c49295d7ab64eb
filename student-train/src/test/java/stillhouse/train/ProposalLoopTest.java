package stillhouse.train;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import stillhouse.comm.AllReduce;
import stillhouse.comm.SingleRank;
import stillhouse.decoder.PromptDecoders;
import stillhouse.identity.Sha256;
import stillhouse.loss.Objective;
import stillhouse.loss.ObjectiveContext;
import stillhouse.student.Norm;
import stillhouse.student.Part;
import stillhouse.student.PromptSettings;
import stillhouse.student.ProposalHead;
import stillhouse.student.StudentConfig;
import stillhouse.student.Weights;

/** Proposals are learned upon a student that stands still, alike wherever a run was stopped. */
class ProposalLoopTest {
  private static final TrainingPlan PLAN = new TrainingPlan(3, 8, 0.02, 0.01, 0, 1.0, 42);
  private static final String RECIPE =
      """
      name: proposing
      phases:
        - {name: proposals, epochs: 3, trains: [proposals], losses: {proposal-labels: {weight: 1, minArea: 2}}}
      training:
        batch: 8
        optimizer: {type: adamw, learningRate: 0.02}
      alignment: {grid: 8}
      """;

  @TempDir Path folder;
  private Checkpoints checkpoints;
  private int attempt;
  private Recipe recipe;

  @BeforeEach
  void begin() {
    checkpoints = new Checkpoints(folder.toString(), 99, new Configuration());
    attempt = checkpoints.attempts().begin().number();
    recipe = recipe(folder);
  }

  @Test
  void everythingElseStaysBitForBitAndAResumeMakesTheSame() {
    Sha256 straight;
    Position at = new Position(1, 2);
    try (SavingRank rank = rank(at)) {
      Map<String, float[]> before = tensors(rank.weights);
      rank.loop.run(Position.START, 3, 1);
      straight = WeightDigest.of(rank.weights);
      assertThat(rank.steps.get(8).loss()).isLessThan(rank.steps.get(0).loss());
      tensors(rank.weights)
          .forEach(
              (name, values) -> {
                if (name.startsWith(ProposalHead.PREFIX)) {
                  assertThat(values).as(name).isNotEqualTo(before.get(name));
                } else {
                  assertThat(values).as(name).containsExactly(before.get(name));
                }
              });
    }
    try (SavingRank rank = rank(at)) {
      rank.loop.resume(checkpoints.latest().orElseThrow());
      rank.loop.run(at, 3, 1);
      assertThat(WeightDigest.of(rank.weights)).isEqualTo(straight);
    }
  }

  /** Arrays that a step made and did not close would be there after it. */
  @Test
  void leavesNoNativeArrayOfAStepBehind() {
    try (SavingRank rank = rank(Position.START)) {
      rank.loop.run(Position.START, 1, 0);
      int after = rank.weights.manager().getManagedArrays().size();
      rank.loop.run(new Position(1, 0), 3, 0);
      assertThat(rank.weights.manager().getManagedArrays()).hasSize(after);
    }
  }

  /** Of an epoch's last step one rank has a single sample and another none. */
  @Test
  void fourRanksEndAlikeAndAsOneDoesWithoutBatchStatistics() throws Exception {
    LockstepRanks.requireAlike(
        LockstepRanks.run(4, allReduce -> trained(Norm.NONE, allReduce)),
        trained(Norm.NONE, new SingleRank()));
    List<Map<String, float[]>> ofEach =
        LockstepRanks.run(4, allReduce -> trained(Norm.BATCH, allReduce));
    LockstepRanks.requireAlike(ofEach, ofEach.get(0));
  }

  private Map<String, float[]> trained(Norm norm, AllReduce allReduce) {
    try (SavingRank rank = rank(Position.START, norm, allReduce)) {
      rank.loop.run(Position.START, 3, 0);
      return LockstepRanks.trained(rank.weights);
    }
  }

  private SavingRank rank(Position savedAt) {
    return rank(savedAt, Norm.BATCH, new SingleRank());
  }

  private SavingRank rank(Position savedAt, Norm norm, AllReduce allReduce) {
    return new SavingRank(
        PLAN,
        checkpoints,
        attempt,
        savedAt,
        (weights, frozen) -> phase(recipe, norm, weights),
        allReduce);
  }

  static Recipe recipe(Path folder) {
    return PromptedParts.recipe(folder, RECIPE);
  }

  /** A phase that trains a head of proposals, whose tensors come to {@code weights}. */
  static RankParts.Phase phase(Recipe recipe, Norm norm, Weights weights) {
    var head = Optional.of(ProposalHead.create(proposing(norm), weights));
    var context =
        new ObjectiveContext(
            weights, 8, List.of(), 8, 8, null, new PromptDecoders(null, () -> null, head));
    return new RankParts.Phase(
        Set.of(Part.PROPOSALS),
        tensor -> tensor.startsWith(ProposalHead.PREFIX),
        Objective.phases(recipe, context).get(0).terms());
  }

  private static StudentConfig proposing(Norm norm) {
    return new StudentConfig(
        "proposing",
        StudentConfig.Network.CONV_PYRAMID,
        norm,
        List.of(8, 8),
        List.of(0, 1),
        8,
        8,
        null,
        null,
        null,
        null,
        new PromptSettings(
            1, 2, 8, 2, false, null, PromptSettings.Start.FRESH, new PromptSettings.Proposals(6)));
  }

  private static Map<String, float[]> tensors(Weights weights) {
    Map<String, float[]> tensors = new TreeMap<>();
    weights.names().forEach(name -> tensors.put(name, weights.get(name).toFloatArray()));
    return tensors;
  }
}
