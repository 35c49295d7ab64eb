package stillhouse.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import stillhouse.conf.ConfigException;
import stillhouse.loss.Losses;
import stillhouse.loss.Need;
import stillhouse.loss.Objective;
import stillhouse.student.Part;

/** A recipe's phases as its YAML has them. */
class PhaseTest {
  private static final String PHASED =
      """
      name: phased
      phases:
        - {name: align, epochs: 40, trains: [encoder], losses: {cosine: {weight: 1}}, warmupEpochs: 2}
        - {name: answer, epochs: 20, trains: [decoder], losses: {dice: {weight: 1}}, learningRate: 0.01}
      training:
        batch: 8
        optimizer: {type: adamw, learningRate: 0.001}
      """;

  private static final Losses LOSSES =
      Recipe.load(Path.of("../conf/recipes/scratch.yaml")).phases().get(0).losses();

  @TempDir Path folder;

  @Test
  void readsEveryKey() throws IOException {
    Recipe recipe = load(PHASED);
    assertThat(recipe.isPhased()).isTrue();
    assertThat(recipe.training().epochs()).isEqualTo(60);
    Phase align = recipe.phases().get(0);
    assertThat(align.name()).isEqualTo("align");
    assertThat(align.trains()).containsExactly(Part.ENCODER);
    assertThat(align.losses().byName()).containsOnlyKeys("cosine");
    assertThat(recipe.phases().get(1).trains()).containsExactly(Part.DECODER);
    assertThat(recipe.plan(60, 10))
        .containsExactly(
            new TrainingPlan.Phase(40, 0.001, 20), new TrainingPlan.Phase(20, 0.01, 0));
    assertThat(Objective.needs(recipe))
        .containsExactlyInAnyOrder(Need.TEACHER_EMBEDDING, Need.LABELS);
    Recipe all =
        load(
            PHASED.replace("[encoder]", "all").replace("[decoder]", "[prompts, decoder, encoder]"));
    assertThat(all.phases()).allSatisfy(p -> assertThat(p.trains()).isEqualTo(Part.ALL));
    assertThat(all.phases().get(1).trains())
        .containsExactly(Part.ENCODER, Part.DECODER, Part.PROMPTS);
  }

  @Test
  void aRecipeWithoutPhasesIsOnePhaseOfAll() {
    Recipe plain = Recipe.load(Path.of("../conf/recipes/scratch.yaml"));
    assertThat(plain.isPhased()).isFalse();
    assertThat(plain.phases()).hasSize(1);
    assertThat(plain.phases().get(0).trains()).isEqualTo(Part.ALL);
    assertThat(plain.plan(7, 10)).containsExactly(new TrainingPlan.Phase(7, 1e-4, 0));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "[encoder]       | [backbone]         | phases[0].trains[0]: | encoder",
        "[encoder]       | []                 | phases[0].trains:    | 1",
        "[encoder]       | most               | phases[0].trains:    | all",
        "[encoder]       | [encoder, encoder] | phases[0].trains:    | unique",
        "epochs: 20      | epochs: 0          | phases[1].epochs:    | 1",
        "epochs: 20      | length: 20         | phases[1].length     | epochs",
        "name: align     | name: Align        | phases[0].name:      | a-z",
        "dice: {weight: 1} | dise: {weight: 1} | phases[1].losses.dise | dice",
        "learningRate: 0.01 | learningRate: 2 | phases[1].learningRate: | 1",
        "name: answer    | name: align        | two are named align  | name of its own",
        "warmupEpochs: 2 | warmupEpochs: 40   | Invalid warmupEpochs of phase align: 40.0 | its epochs, 40",
        "dice: {weight: 1} | cosine: {weight: 1} | Invalid phase answer: it trains [decoder] alone"
            + " | its losses [cosine] look at what is frozen then",
        "dice: {weight: 1} | prompt-labels: {weight: 1} | Invalid phase answer: it trains [decoder] alone"
            + " | its losses [prompt-labels] look at what is frozen then",
        "dice: {weight: 1} | dice: {weight: 1}, review: {weight: 1} | Invalid phase answer"
            + " | its losses [review] look at what is frozen then",
        "[decoder]       | [proposals]        | Invalid phase answer: it trains the proposals, and none of its losses [dice]"
            + " | add proposal-labels",
        "dice: {weight: 1} | proposal-labels: {weight: 1} | Invalid phase answer: its loss proposal-labels trains the proposals alone"
            + " | name proposals in trains",
        "dice: {weight: 1} | proposal-labels: {weight: 1, centre: 2} | phases[1].losses.proposal-labels.centre | 1",
        "batch: 8        | batch: 8;  epochs: 60 | Invalid training.epochs: 60 beside phases | one of the two",
        "name: phased    | name: phased;losses: {dice: {weight: 1}} | Invalid losses: beside phases | one of the two",
      })
  void refusesNamingWhatIsAllowed(String good, String bad, String where, String allowed) {
    assertThat(PHASED).contains(good);
    assertThatThrownBy(() -> load(PHASED.replace(good, bad.replace(';', '\n'))))
        .isInstanceOf(ConfigException.class)
        .hasMessageContainingAll("Invalid configuration", "recipe.yaml", where, allowed);
  }

  /** All parts are trained at once but the proposals, which a phase trains by name. */
  @Test
  void proposalsAreTrainedByNameAndUponTheRest() throws IOException {
    String proposing =
        PHASED.replace("[decoder], losses: {dice", "[proposals], losses: {proposal-labels");
    assertThat(load(proposing).phases().get(1).trains()).containsExactly(Part.PROPOSALS);
    assertThat(load(proposing).trains(Part.PROPOSALS)).isTrue();
    assertThat(load(PHASED.replace("[encoder]", "all")).trains(Part.PROPOSALS)).isFalse();
    assertThatThrownBy(() -> load(proposing.replace("[proposals]", "all")))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining("it trains [encoder, decoder, prompts] (name proposals in trains");
    assertThatThrownBy(
            () ->
                load(
                    PHASED.replaceAll("(?m)^(phases|  - ).*\n", "")
                        + "  epochs: 9\nlosses: {proposal-labels: {weight: 1}}\n"))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining("Invalid losses: proposal-labels trains proposals upon an embedding");
  }

  @Test
  void refusesARecipeOfNeitherLossesNorPhases() {
    assertThatThrownBy(() -> load(PHASED.replaceAll("(?m)^(phases|  - ).*\n", "")))
        .isInstanceOf(ConfigException.class)
        .hasMessageContainingAll("recipe.yaml", "losses", "training.epochs", "required");
  }

  @Test
  void anotherLengthIsSharedInProportionAndAnotherRateKeepsTheRatios() throws IOException {
    Recipe recipe = load(PHASED);
    Recipe shorter = recipe.withTraining(6, 8);
    assertThat(shorter.phases()).extracting(Phase::epochs).containsExactly(4, 2);
    assertThat(recipe.plan(4, 10)).extracting(TrainingPlan.Phase::epochs).containsExactly(3, 1);
    assertThatThrownBy(() -> recipe.plan(2, 10))
        .hasMessage("Invalid warmupEpochs of phase align: 2.0 (must be <= its epochs, 1)");
    assertThatThrownBy(() -> recipe.withTraining(1, 8))
        .hasMessage("Invalid epochs: 1 (must be >= the recipe's 2 phases)");
    var training = recipe.training();
    Recipe faster =
        recipe.withTraining(training.with(training.optimizer().withLearningRate(0.002)));
    assertThat(faster.plan(60, 10))
        .extracting(TrainingPlan.Phase::learningRate)
        .containsExactly(0.002, 0.02);
  }

  @Property(tries = 200)
  void everyPhaseHasAnEpochAndAllOfThemAreTheRunsEpochs(
      @ForAll @Size(min = 1, max = 5) List<@IntRange(min = 1, max = 90) Integer> lengths,
      @ForAll @IntRange(min = 5, max = 400) int epochs) {
    List<Phase> phases =
        lengths.stream().map(n -> new Phase("p" + n, n, Part.ALL, LOSSES, null, null)).toList();
    List<Phase> scaled = Phase.over(epochs, phases);
    int whole = lengths.stream().mapToInt(n -> n).sum();
    assertThat(scaled.stream().mapToInt(Phase::epochs).sum()).isEqualTo(epochs);
    assertThat(scaled).allSatisfy(p -> assertThat(p.epochs()).isPositive());
    assertThat(Phase.over(whole, phases)).isEqualTo(phases);
  }

  @Test
  void theDigestIsOfPhasesButNotOfTheirNames() throws IOException {
    Recipe recipe = load(PHASED);
    assertThat(load(PHASED.replace("name: answer", "name: decode")).digest())
        .isEqualTo(recipe.digest());
    assertThat(load(PHASED.replace("[encoder]", "all").replace("[decoder]", "all")).digest())
        .isEqualTo(
            load(PHASED
                    .replace("[encoder]", "[decoder, prompts, encoder]")
                    .replace("[decoder]", "all"))
                .digest());
    Stream<String> others =
        Stream.of(
            PHASED,
            PHASED.replace("[encoder]", "all"),
            PHASED.replace("epochs: 20", "epochs: 21"),
            PHASED.replace("epochs: 40", "epochs: 39").replace("epochs: 20", "epochs: 21"),
            PHASED.replace("learningRate: 0.01", "learningRate: 0.02"),
            PHASED.replace("warmupEpochs: 2", "warmupEpochs: 3"),
            PHASED.replace("cosine: {weight: 1}", "cosine: {weight: 2}"));
    assertThat(others.map(this::digest)).doesNotHaveDuplicates();
  }

  private String digest(String yaml) {
    try {
      return load(yaml).digest().hex();
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  private Recipe load(String yaml) throws IOException {
    Path file = folder.resolve("recipe.yaml");
    Files.writeString(file, yaml);
    return Recipe.load(file);
  }
}
