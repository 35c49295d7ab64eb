package stillhouse.train;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import stillhouse.cache.ViewInfo;
import stillhouse.data.View;
import stillhouse.decoder.PromptInput;
import stillhouse.identity.Sha256;
import stillhouse.student.StudentConfig;

class ExperimentTest {
  private static final Recipe RECIPE = Recipe.load(Path.of("../conf/recipes/sard.yaml"));
  private static final StudentConfig STUDENT =
      StudentConfig.load(Path.of("../conf/students/tiny-conv.yaml"));
  private static final TrainingPlan PLAN = new TrainingPlan(3, 8, 0.02, 0.01, 2, 1.0, 42);
  private static final ViewInfo DATA = data("a", 21);

  @Test
  void theIdentityIsOfAllThatDecidesTheWeights() {
    Set<Sha256> seen = new LinkedHashSet<>();
    seen.add(identity(RECIPE, STUDENT, 1, PLAN, DATA));
    seen.add(identity(RECIPE.withTraining(7, 32), STUDENT, 1, PLAN, DATA));
    seen.add(identity(RECIPE, STUDENT, 0.5, PLAN, DATA));
    for (String student : List.of("tiny-conv-nonorm", "wide-conv", "tinyvit-1.6m")) {
      StudentConfig other = StudentConfig.load(Path.of("../conf/students/" + student + ".yaml"));
      seen.add(identity(RECIPE, other, 1, PLAN, DATA));
    }
    List<TrainingPlan> plans =
        List.of(
            new TrainingPlan(4, 8, 0.02, 0.01, 2, 1.0, 42),
            new TrainingPlan(3, 4, 0.02, 0.01, 2, 1.0, 42),
            new TrainingPlan(3, 8, 0.03, 0.01, 2, 1.0, 42),
            new TrainingPlan(3, 8, 0.02, 0.02, 2, 1.0, 42),
            new TrainingPlan(3, 8, 0.02, 0.01, 1, 1.0, 42),
            new TrainingPlan(3, 8, 0.02, 0.01, 2, 2.0, 42),
            new TrainingPlan(3, 8, 0.02, 0.01, 2, 1.0, 43));
    plans.forEach(plan -> seen.add(identity(RECIPE, STUDENT, 1, plan, DATA)));
    seen.add(identity(RECIPE, STUDENT, 1, PLAN, data("b", 21)));
    seen.add(identity(RECIPE, STUDENT, 1, PLAN, data("a", 25)));
    for (float factor : new float[] {0.5f, 0.25f}) {
      SampleWeights judged = SampleWeightsTest.of(new SampleWeightsTest.Judged("s", factor, 0));
      seen.add(
          new Experiment(RECIPE, STUDENT, "view", 1, judged, DecoderWeights.NONE)
              .identity(PLAN, DATA));
    }
    for (int side : new int[] {64, 1024}) {
      var decoder = new DecoderWeights("f", "s", new PromptInput(side, side));
      seen.add(
          new Experiment(RECIPE, STUDENT, "view", 1, SampleWeights.NONE, decoder)
              .identity(PLAN, DATA));
    }
    assertThat(seen).hasSize(3 + 3 + 7 + 2 + 2 + 2);
  }

  /** Runs that were trained before there were phases are known by this. */
  @Test
  void aRecipeWithoutPhasesKeepsItsIdentity() {
    assertThat(identity(RECIPE, STUDENT, 1, PLAN, DATA).hex())
        .isEqualTo("1d297393fc87c149f75a755f7810f9a85b51c6fbabac136c7ff5ee3618507078");
  }

  @Test
  void theLengthsOfPhasesArePartOfTheIdentity() {
    Recipe phased = Recipe.load(Path.of("../conf/recipes/kd-sam.yaml"));
    Set<Sha256> seen = new LinkedHashSet<>();
    for (int first = 1; first < 3; first++) {
      var phases =
          List.of(
              new TrainingPlan.Phase(first, 0.02, 0), new TrainingPlan.Phase(3 - first, 0.02, 0));
      var plan = new TrainingPlan(3, 8, 0.02, 0.01, 2, 1.0, 1, 0, 42, phases);
      seen.add(identity(phased, STUDENT, 1, plan, DATA));
    }
    assertThat(seen).hasSize(2);
  }

  @Test
  void namesAndFoldersAreNoPartOfTheIdentity() {
    Recipe renamed =
        new Recipe(
            "other",
            "",
            RECIPE.phases(),
            RECIPE.training(),
            RECIPE.alignment(),
            RECIPE.projection(),
            RECIPE.augmentation(),
            RECIPE.curriculum());
    StudentConfig alike =
        new StudentConfig(
            "other",
            STUDENT.network(),
            STUDENT.norm(),
            STUDENT.channels(),
            STUDENT.depths(),
            STUDENT.decoder(),
            STUDENT.embedding(),
            STUDENT.heads(),
            STUDENT.windows(),
            STUDENT.pretrained());
    assertThat(new Experiment(renamed, alike, "elsewhere", 1).identity(PLAN, DATA))
        .isEqualTo(identity(RECIPE, STUDENT, 1, PLAN, DATA));
  }

  @Test
  void aLastStepThatIsNotFullCounts() {
    assertThat(Experiment.stepsPerEpoch(DATA, 8)).isEqualTo(3);
    assertThat(Experiment.stepsPerEpoch(DATA, 7)).isEqualTo(3);
    assertThat(Experiment.stepsPerEpoch(DATA, 32)).isEqualTo(1);
  }

  private static Sha256 identity(
      Recipe recipe, StudentConfig student, double labels, TrainingPlan plan, ViewInfo data) {
    return new Experiment(recipe, student, "view", labels).identity(plan, data);
  }

  private static ViewInfo data(String digest, long rows) {
    return new ViewInfo(
        digest,
        List.of("scratch"),
        4,
        6,
        3,
        2,
        2,
        2,
        3,
        3,
        new TreeMap<>(Map.of("train", rows)),
        View.ONLY_IDENTITY,
        new TreeMap<>(),
        "data",
        List.of());
  }
}
