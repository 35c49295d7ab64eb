package stillhouse.loss;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.types.Shape;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import stillhouse.train.Recipe;

class ObjectiveTest {
  private static final Path RECIPES = Path.of("../conf/recipes");

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
    assertThat(sard.needs())
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
    assertThat(needs("sard-logit")).containsExactlyInAnyOrder(Need.values());
  }

  @Test
  void anAdapterIsLearntOnlyWhereChannelsDiffer() {
    create("feature-aligned", 32, 48);
    assertThat(bench.weights.names())
        .containsExactly("loss.cosine.adapter.weight", "loss.cosine.adapter.bias");
    try (var other = new Bench()) {
      Objective.create(
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
    Objective.create(
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
            () -> Objective.create(sard, new ObjectiveContext(bench.weights, 32, 64, 32, null)))
        .hasMessage(
            "Invalid projection: none, the teacher's layer has 64. Derive the training view with a"
                + " projection of that layer.");
    var narrow = Bench.projection(8, 0);
    assertThatThrownBy(
            () -> Objective.create(sard, new ObjectiveContext(bench.weights, 32, 64, 32, narrow)))
        .hasMessageStartingWith("Invalid projection: fitted on 8 channels, the teacher's layer");
    var few = new stillhouse.cache.Projection(new float[64], new float[3][64], new float[3]);
    assertThatThrownBy(
            () -> Objective.create(sard, new ObjectiveContext(bench.weights, 32, 64, 32, few)))
        .hasMessage(
            "Invalid projection: 3 directions, the recipe's projection.dimensions needs 64. Fit it"
                + " again, or lower projection.dimensions.");
  }

  private static Set<Need> needs(String name) {
    return Objective.needs(load(name));
  }

  private Objective create(String name, int grid, int teacherChannels) {
    var projection = Bench.projection(teacherChannels, 0);
    return Objective.create(
        load(name), new ObjectiveContext(bench.weights, 32, teacherChannels, grid, projection));
  }

  private static Recipe load(String name) {
    return Recipe.load(RECIPES.resolve(name + ".yaml"));
  }
}
