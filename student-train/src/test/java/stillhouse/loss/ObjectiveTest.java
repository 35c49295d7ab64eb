package stillhouse.loss;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.types.Shape;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import stillhouse.train.Recipe;

class ObjectiveTest {
  private static final Path RECIPES = Path.of("../conf/recipes");

  @TempDir Path folder;
  private final Bench bench = new Bench();

  @AfterEach
  void close() {
    bench.close();
  }

  @Test
  void sardLearnsOneSpaceForBothItsLosses() {
    Objective sard = create("sard", 32, 64);
    assertThat(sard.terms())
        .extracting(Term::name)
        .containsExactly("feature-consistency", "denoising-score", "dice", "bce");
    assertThat(sard.terms()).extracting(Term::weight).containsExactly(1.0, 0.5, 1.0, 1.0);
    assertThat(needs("sard"))
        .containsExactlyInAnyOrder(Need.LABELS, Need.TEACHER_EMBEDDING, Need.STRUCTURE);
    assertThat(bench.weights.names())
        .containsExactly(
            "loss.representation.student.weight",
            "loss.representation.student.bias",
            "loss.denoising-score.head0.weight",
            "loss.denoising-score.head0.bias",
            "loss.denoising-score.head1.weight",
            "loss.denoising-score.head1.bias");
  }

  @Test
  void aRecipeReadsOnlyWhatItsLossesNeed() {
    assertThat(needs("scratch")).containsExactly(Need.LABELS);
    assertThat(needs("naive-logit")).containsExactlyInAnyOrder(Need.LABELS, Need.TEACHER_LOGITS);
    assertThat(needs("feature-aligned"))
        .containsExactlyInAnyOrder(Need.LABELS, Need.TEACHER_LOGITS, Need.TEACHER_EMBEDDING);
    assertThat(needs("sard-uniform"))
        .containsExactlyInAnyOrder(Need.LABELS, Need.TEACHER_EMBEDDING);
    assertThat(needs("cwd")).containsExactlyInAnyOrder(Need.LABELS, Need.TEACHER_LOGITS);
    assertThat(needs("skd"))
        .containsExactlyInAnyOrder(Need.LABELS, Need.TEACHER_LOGITS, Need.TEACHER_EMBEDDING);
    assertThat(needs("dkd")).containsExactlyInAnyOrder(Need.LABELS, Need.TEACHER_LOGITS);
    assertThat(needs("mgd")).containsExactlyInAnyOrder(Need.LABELS, Need.TEACHER_EMBEDDING);
    assertThat(needs("review")).containsExactlyInAnyOrder(Need.LABELS, Need.TEACHER_EMBEDDING);
    assertThat(needs("sard-logit"))
        .containsExactlyInAnyOrderElementsOf(
            EnumSet.complementOf(EnumSet.of(Need.TEACHER_DECODER)));
    assertThat(needs("edge-sam"))
        .containsExactlyInAnyOrder(Need.LABELS, Need.TEACHER_EMBEDDING, Need.TEACHER_DECODER);
    assertThat(needs("edge-sam-prior")).isEqualTo(needs("edge-sam"));
    assertThat(needs("kd-sam-prompts"))
        .containsExactlyInAnyOrder(Need.LABELS, Need.TEACHER_EMBEDDING);
  }

  @Test
  void anAdapterIsLearntOnlyWhereChannelsDiffer() {
    create("feature-aligned", 32, 48);
    assertThat(bench.weights.names())
        .containsExactly("loss.cosine.adapter.weight", "loss.cosine.adapter.bias");
    try (var other = new Bench()) {
      Objective.phases(
          load("feature-aligned"), new ObjectiveContext(other.weights, 48, 48, 32, null));
      assertThat(other.weights.names()).isEmpty();
    }
  }

  @Test
  void aGeneratorIsLearntBesideTheStudentUnderANameThatIsNotExported() {
    create("mgd", 32, 48);
    assertThat(bench.weights.names())
        .containsExactly(
            "loss.mgd.adapter.weight",
            "loss.mgd.adapter.bias",
            "loss.mgd.generator0.weight",
            "loss.mgd.generator0.bias",
            "loss.mgd.generator1.weight",
            "loss.mgd.generator1.bias");
    assertThat(bench.weights.parameterCount(stillhouse.student.Student.PREFIX)).isZero();
  }

  @Test
  void reviewFusesEachLevelOfTheEncoderAndRefusesAStudentWithoutAny() {
    Objective.phases(
        load("review"), new ObjectiveContext(bench.weights, 32, List.of(8, 16), 48, 32, null));
    assertThat(bench.weights.get("loss.review.enter1.weight").getShape())
        .isEqualTo(new Shape(64, 16, 1, 1));
    assertThat(bench.weights.get("loss.review.attention0.weight").getShape())
        .isEqualTo(new Shape(2, 128, 1, 1));
    assertThat(bench.weights.get("loss.review.leave1.weight").getShape())
        .isEqualTo(new Shape(48, 64, 3, 3));
    assertThat(bench.weights.names()).doesNotContain("loss.review.attention1.weight");
    assertThatThrownBy(() -> create("review", 32, 48))
        .hasMessage(
            "Invalid loss: review (it fuses the maps of an encoder, and this student has none)");
  }

  @Test
  void aTeacherNarrowerThanTheProjectionKeepsItsChannels() {
    create("sard", 32, 24);
    assertThat(bench.weights.get("loss.representation.student.bias").size()).isEqualTo(24);
  }

  @Test
  void refusesAnotherGrid() {
    assertThatThrownBy(() -> create("sard", 16, 64))
        .hasMessage(
            "Invalid grid: the training view has 16, the recipe's alignment.grid is 32. Derive the"
                + " view for this recipe.");
  }

  @Test
  void refusesAMissingProjectionOrOneOfAnotherLayer() {
    Recipe sard = load("sard");
    assertThatThrownBy(
            () -> Objective.phases(sard, new ObjectiveContext(bench.weights, 32, 64, 32, null)))
        .hasMessage(
            "Invalid projection: none, the teacher's layer has 64. Derive the training view with a"
                + " projection of that layer.");
    var narrow = Bench.projection(8, 0);
    assertThatThrownBy(
            () -> Objective.phases(sard, new ObjectiveContext(bench.weights, 32, 64, 32, narrow)))
        .hasMessageStartingWith("Invalid projection: fitted on 8 channels, the teacher's layer");
    var few = new stillhouse.cache.Projection(new float[64], new float[3][64], new float[3]);
    assertThatThrownBy(
            () -> Objective.phases(sard, new ObjectiveContext(bench.weights, 32, 64, 32, few)))
        .hasMessage(
            "Invalid projection: 3 directions, the recipe's projection.dimensions needs 64. Fit it"
                + " again, or lower projection.dimensions.");
  }

  @Test
  void aLossThatTwoPhasesNameIsOneAndGoesOnLearning() {
    List<Objective> phases =
        phases(
            """
            phases:
              - {name: one, epochs: 1, trains: all, losses: {cosine: {weight: 1}, mgd: {weight: 1, hidden: 4}}}
              - {name: two, epochs: 1, trains: all, losses: {cosine: {weight: 2}, dice: {weight: 1}}}
            """);
    assertThat(phases.get(0).terms())
        .extracting(Term::name)
        .containsExactly("one.cosine", "one.mgd");
    assertThat(phases.get(1).terms())
        .extracting(Term::name)
        .containsExactly("two.cosine", "two.dice");
    assertThat(phases.get(1).terms().get(0).loss()).isSameAs(phases.get(0).terms().get(0).loss());
    assertThat(phases.get(1).terms()).extracting(Term::weight).containsExactly(2.0, 1.0);
    assertThat(phases.get(0).learned())
        .contains("loss.cosine.adapter.weight", "loss.mgd.generator0.weight")
        .hasSize(8);
    assertThat(phases.get(1).learned())
        .containsExactlyInAnyOrder("loss.cosine.adapter.weight", "loss.cosine.adapter.bias");
  }

  @Test
  void twoPhasesThatShareARepresentationBothTrainIt() {
    List<Objective> phases =
        phases(
            """
            phases:
              - {name: one, epochs: 1, trains: all, losses: {feature-consistency: {weight: 1}}}
              - {name: two, epochs: 1, trains: all, losses: {denoising-score: {weight: 1}}}
            """);
    assertThat(phases.get(1).learned())
        .containsAll(phases.get(0).learned())
        .contains("loss.representation.student.weight", "loss.denoising-score.head0.weight");
  }

  @Test
  void refusesALearningLossOfTwoSettings() {
    String yaml =
        """
        phases:
          - {name: one, epochs: 1, trains: all, losses: {mgd: {weight: 1, hidden: 4}}}
          - {name: two, epochs: 1, trains: all, losses: {mgd: {weight: 1, hidden: 8}}}
        """;
    assertThatThrownBy(() -> phases(yaml))
        .hasMessageContaining("Invalid losses.mgd: two phases name it with other settings")
        .hasMessageContaining("loss.mgd.generator0.weight")
        .hasMessageContaining("give it the same settings in both, but for the weight");
    assertThat(
            phases(
                yaml.replace("mgd: {weight: 1, hidden: 4}", "cwd: {weight: 1, temperature: 2}")
                    .replace("mgd: {weight: 1, hidden: 8}", "cwd: {weight: 1, temperature: 4}")))
        .as("losses that learn nothing")
        .hasSize(2);
  }

  private List<Objective> phases(String yaml) {
    String whole =
        "name: phased\n"
            + yaml
            + "training: {batch: 4, optimizer: {type: adamw, learningRate: 0.1}}\n";
    try {
      Recipe recipe = Recipe.load(Files.writeString(folder.resolve("recipe.yaml"), whole));
      return Objective.phases(
          recipe, new ObjectiveContext(bench.weights, 32, 48, 32, Bench.projection(48, 0)));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static Set<Need> needs(String name) {
    return Objective.needs(load(name));
  }

  private Objective create(String name, int grid, int teacherChannels) {
    var projection = Bench.projection(teacherChannels, 0);
    var context = new ObjectiveContext(bench.weights, 32, teacherChannels, grid, projection);
    return Objective.phases(load(name), context).get(0);
  }

  private static Recipe load(String name) {
    return Recipe.load(RECIPES.resolve(name + ".yaml"));
  }
}
