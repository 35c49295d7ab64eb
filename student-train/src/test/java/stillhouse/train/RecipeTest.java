package stillhouse.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import stillhouse.conf.ConfigException;
import stillhouse.data.Verdict;
import stillhouse.data.View;
import stillhouse.loss.ProjectionSettings;

class RecipeTest {
  private static final Path RECIPES = Path.of("../conf/recipes");
  private static final String SMALL =
      """
      name: small
      losses:
        dice: {weight: 1}
      training:
        epochs: 3
        batch: 8
        optimizer: {type: adamw, learningRate: 0.001}
      """;

  @TempDir Path folder;

  @ParameterizedTest
  @MethodSource("committed")
  void loadsEveryCommittedRecipe(Path file) throws IOException {
    Recipe recipe = Recipe.load(file);
    assertThat(recipe.name() + ".yaml").isEqualTo(file.getFileName().toString());
    assertThat(recipe.description()).isNotBlank();
    assertThat(Files.readString(file))
        .startsWith("# ")
        .contains("# Run:    bin/stillhouse train --recipe " + recipe.name() + " --data ")
        .contains("# Cost:   ")
        .contains("Expect: ");
  }

  @Test
  void aCurriculumSaysWhatVerdictsChange() throws IOException {
    Recipe plain = load(SMALL);
    assertThat(plain.curriculum()).isEqualTo(Curriculum.DEFAULT);
    assertThat(Curriculum.DEFAULT.factor(Verdict.BOTH_WRONG)).isEqualTo(0.25f);
    assertThat(Curriculum.DEFAULT.factor(Verdict.SKIP)).isEqualTo(1);
    Recipe judged =
        load(SMALL + "curriculum: {verdicts: {both-wrong: 0}, enter: {both-wrong: 2}}\n");
    assertThat(judged.curriculum().factor(Verdict.BOTH_WRONG)).isZero();
    assertThat(judged.curriculum().enters(Verdict.BOTH_WRONG)).isEqualTo(2);
    assertThat(judged.curriculum().factor(Verdict.AGREE_WITH_STUDENT)).isEqualTo(0.5f);
    assertThat(judged.digest()).isNotEqualTo(plain.digest());
    assertThat(judged.withTraining(7, 8).curriculum()).isEqualTo(judged.curriculum());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{verdicts: {skip: 1}}           | curriculum.verdicts.skip is not valid | both-wrong",
        "{verdicts: {both-wrong: -1}}    | curriculum.verdicts.both-wrong:       | 0",
        "{enter: {both-wrong: 0.5}}      | curriculum.enter.both-wrong:          | integer",
        "{labels: {both-wrong: 1}}       | curriculum.labels is not valid        | verdicts, enter",
        "{}                              | curriculum:                           | 1"
      })
  void refusesACurriculumThatIsNone(String yaml, String where, String allowed) {
    assertThatThrownBy(() -> load(SMALL + "curriculum: " + yaml + "\n"))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining("recipe.yaml")
        .hasMessageContaining(where)
        .hasMessageContaining(allowed);
  }

  @Test
  void aGridMayBeTheTeachers() throws IOException {
    assertThat(load(SMALL + "alignment: {grid: teacher}\n").alignment())
        .isEqualTo(Recipe.Alignment.TEACHERS);
    assertThat(load(SMALL + "alignment: {grid: teacher}\n").alignment().areTeachers()).isTrue();
    assertThat(load(SMALL + "alignment: {grid: 8}\n").alignment())
        .isEqualTo(new Recipe.Alignment(8));
    assertThatThrownBy(() -> load(SMALL + "alignment: {grid: pupil}\n"))
        .hasMessageContaining("alignment.grid: does not have a value in the enumeration [teacher]");
    assertThatThrownBy(() -> load(SMALL + "alignment: {grid: 0}\n"))
        .hasMessageContaining("alignment.grid: must have a minimum value of 1");
  }

  @Test
  void fillsInDefaults() throws IOException {
    Recipe recipe = load(SMALL);
    assertThat(recipe.description()).isEmpty();
    assertThat(recipe.alignment().grid()).isEqualTo(32);
    assertThat(recipe.projection())
        .isEqualTo(new ProjectionSettings(64, ProjectionSettings.TeacherProjection.PCA, 0.5));
    var training = recipe.training();
    assertThat(training.optimizer())
        .isEqualTo(
            new OptimizerSettings(OptimizerSettings.Kind.ADAMW, 0.001, 0.01, 0.9, 0.999, 1e-8));
    assertThat(training.schedule())
        .isEqualTo(new ScheduleSettings(ScheduleSettings.Kind.COSINE, 0.0));
    assertThat(training.clipNorm()).isNull();
    assertThat(training.photometric()).isNull();
    assertThat(training.validation()).isNull();
    assertThat(load(SMALL + "  validation: {everyEpochs: 2}\n").training().validation())
        .isEqualTo(
            new ValidationSettings(2, "val", ValidationSettings.Watched.BOUNDARY_IOU, null, true));
  }

  @Test
  void readsEveryKey() throws IOException {
    Recipe recipe =
        load(
            """
            name: full
            description: everything at once
            losses:
              cosine: {weight: 0.4, axis: channel, centre: true}
              soft-bce: {weight: 0.3, temperature: 4, studentTemperature: true}
              dice: {weight: 0.3, emptyTruth: penalised, distribution: softmax}
              bce: {weight: 2, positiveWeight: [1, 2.5]}
              feature-consistency: {weight: 1, weighting: {E: 2, C: 1}, components: raw}
              denoising-score: {weight: 0.5, weighting: E+C, alpha: 0.25, conditioning: student-only, kernel: 3, hidden: 12}
              cross-entropy: {weight: 1}
              cwd: {weight: 3, temperature: 2}
              cwd-embedding: {weight: 50}
              skd-pixel: {weight: 10, temperature: 2, distribution: sigmoid}
              skd-pair: {weight: 1, nodes: 8}
              dkd: {weight: 1, alpha: 0.5, beta: 2, temperature: 1, target: teacher}
              mgd: {weight: 5, masked: 0.5, hidden: 32}
              review: {weight: 1, width: 16}
            training:
              epochs: 10
              batch: 16
              optimizer: {type: adamw, learningRate: 0.01, weightDecay: 0, beta1: 0.8, beta2: 0.99, epsilon: 0.001}
              schedule: {type: cosine, warmupEpochs: 0.5}
              clipNorm: 2.5
              accumulation: 4
              ema: 0.999
              photometric: {exposure: 0.5, gamma: 0.25, noise: 0.02, motionBlur: 7}
              validation: {everyEpochs: 2, split: test, metric: iou, patience: 3, int8: false}
              review: {everyEpochs: 3, reading: below, threshold: 0.2}
            alignment: {grid: 16}
            projection: {dimensions: 8, teacherProjection: learned, varianceFloor: 0.2}
            """);
    assertThat(recipe.phases().get(0).losses().byName().toString())
        .contains(
            "cosine=Settings[weight=0.4, axis=CHANNEL, centre=true]",
            "soft-bce=Settings[weight=0.3, temperature=4.0, studentTemperature=true]",
            "dice=Settings[weight=0.3, emptyTruth=PENALISED, distribution=SOFTMAX]",
            "bce=Settings[weight=2.0, positiveWeight=[1.0, 2.5]]",
            "weighting=Betas[e=2.0, c=1.0, d=0.0], components=RAW]",
            "weighting=Betas[e=2.0, c=1.0, d=0.0], components=UNIT_MEAN, alpha=0.25,"
                + " conditioning=STUDENT_ONLY, kernel=3, hidden=12]",
            "cross-entropy=Settings[weight=1.0]",
            "cwd=Settings[weight=3.0, temperature=2.0]",
            "cwd-embedding=EmbeddingSettings[weight=50.0, temperature=4.0]",
            "skd-pixel=Settings[weight=10.0, temperature=2.0, distribution=SIGMOID]",
            "skd-pair=Settings[weight=1.0, nodes=8]",
            "dkd=Settings[weight=1.0, alpha=0.5, beta=2.0, temperature=1.0, target=TEACHER]",
            "mgd=Settings[weight=5.0, masked=0.5, hidden=32]",
            "review=Settings[weight=1.0, width=16]");
    assertThat(recipe.training())
        .isEqualTo(
            new TrainingSettings(
                10,
                16,
                new OptimizerSettings(OptimizerSettings.Kind.ADAMW, 0.01, 0.0, 0.8, 0.99, 0.001),
                new ScheduleSettings(ScheduleSettings.Kind.COSINE, 0.5),
                2.5,
                new Photometric(0.5f, 0.25f, 0.02f, 7),
                4,
                0.999,
                new ValidationSettings(2, "test", ValidationSettings.Watched.IOU, 3, false),
                new ReviewSettings(3, "below", 0.2)));
    assertThat(recipe.alignment().grid()).isEqualTo(16);
    assertThat(recipe.projection())
        .isEqualTo(new ProjectionSettings(8, ProjectionSettings.TeacherProjection.LEARNED, 0.2));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "dice: {weight: 1}       | dise: {weight: 1}                     | losses.dise is not valid"
            + " | soft-bce",
        "dice: {weight: 1}       | dice: {weight: 1, empty: one}         | losses.dice.empty is not"
            + " valid | emptyTruth",
        "dice: {weight: 1}       | dice: {weight: 0}                     | losses.dice.weight: | 0",
        "dice: {weight: 1}       | dice: {}                              | losses.dice.weight: |"
            + " required",
        "dice: {weight: 1}       | dice: {weight: 1, emptyTruth: two}    | losses.dice.emptyTruth:"
            + " | penalised",
        "dice: {weight: 1}       | cosine: {weight: 1, axis: time}       | losses.cosine.axis: |"
            + " channel",
        "dice: {weight: 1}       | soft-bce: {weight: 1, temperature: 0} |"
            + " losses.soft-bce.temperature: | 0",
        "dice: {weight: 1}       | denoising-score: {weight: 1, alpha: 1} |"
            + " losses.denoising-score.alpha: | 1",
        "dice: {weight: 1}       | denoising-score: {weight: 1, kernel: 2} |"
            + " losses.denoising-score.kernel: | [1, 3]",
        "dice: {weight: 1}       | feature-consistency: {weight: 1, weighting: F} |"
            + " losses.feature-consistency.weighting: | E+C",
        "dice: {weight: 1}       | cwd: {weight: 1, temperature: 0} | losses.cwd.temperature: | 0",
        "dice: {weight: 1}       | skd-pixel: {weight: 1, distribution: normal} |"
            + " losses.skd-pixel.distribution: | softmax",
        "dice: {weight: 1}       | skd-pair: {weight: 1, nodes: 1} | losses.skd-pair.nodes: | 2",
        "dice: {weight: 1}       | dkd: {weight: 1, target: student} | losses.dkd.target: | teacher",
        "dice: {weight: 1}       | dkd: {weight: 1, gamma: 2} | losses.dkd.gamma is not valid |"
            + " beta",
        "dice: {weight: 1}       | mgd: {weight: 1, masked: 1} | losses.mgd.masked: | 1",
        "epochs: 3               | epochs: 0                             | training.epochs: | 1",
        "epochs: 3               | epoch: 3                              | training.epoch is not"
            + " valid | epochs",
        "type: adamw             | type: sgd                             | training.optimizer.type:"
            + " | adamw",
        "learningRate: 0.001     | learningRate: fast                    |"
            + " training.optimizer.learningRate: | number",
        "name: small             | augmentation: {views: []}             | augmentation.views: | 1",
        "name: small             | augmentation: {views: [mirror]}       | augmentation.views |"
            + " turn-90",
        "name: small             | name: Small One                       | name: | a-z",
      })
  void refusesNamingFileKeyAndWhatIsAllowed(String good, String bad, String key, String allowed) {
    assertThat(SMALL).contains(good);
    assertThatThrownBy(() -> load(SMALL.replace(good, bad)))
        .isInstanceOf(ConfigException.class)
        .hasMessageContainingAll("Invalid configuration", "recipe.yaml", key, allowed);
  }

  @Test
  void refusesAWarmUpAsLongAsTheRun() {
    String yaml = SMALL + "  schedule: {type: cosine, warmupEpochs: 3}\n";
    assertThatThrownBy(() -> load(yaml))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining(
            "Invalid training.schedule.warmupEpochs: 3.0 (must be < training.epochs, 3)");
  }

  @Test
  void refusesALearnedProjectionThatNoLossTrains() {
    String yaml =
        SMALL.replace("dice: {weight: 1}", "denoising-score: {weight: 1}")
            + "projection: {teacherProjection: learned}\n";
    assertThatThrownBy(() -> load(yaml))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining(
            "Invalid projection.teacherProjection: learned (only feature-consistency trains it, and"
                + " losses are [denoising-score]: add that loss, or set pca or identity)");
  }

  @Test
  void trainingIsChangedWithoutTheRest() throws IOException {
    Recipe recipe = load(SMALL);
    Recipe longer = recipe.withTraining(7, 4);
    assertThat(longer.training().epochs()).isEqualTo(7);
    assertThat(longer.training().batch()).isEqualTo(4);
    assertThat(longer.training().optimizer()).isEqualTo(recipe.training().optimizer());
    assertThat(longer.phases().get(0).losses()).isEqualTo(recipe.phases().get(0).losses());
  }

  @Test
  void theDigestIsOfWhatMovesAWeight() throws IOException {
    Recipe recipe = load(SMALL);
    assertThat(load(SMALL.replace("name: small", "name: other\ndescription: same")).digest())
        .isEqualTo(recipe.digest());
    assertThat(load(SMALL.replace("weight: 1", "weight: 1.0, emptyTruth: zero")).digest())
        .isEqualTo(recipe.digest());
    assertThat(load(SMALL.replace("weight: 1", "weight: 2")).digest())
        .isNotEqualTo(recipe.digest());
    assertThat(recipe.withTraining(4, 8).digest()).isNotEqualTo(recipe.digest());
    Recipe asTheyAre = load(SMALL + "augmentation: {views: [identity]}\n");
    assertThat(asTheyAre).isEqualTo(recipe);
    assertThat(asTheyAre.digest()).isEqualTo(recipe.digest());
    Recipe flipped = load(SMALL + "augmentation: {views: [flip-horizontal, identity]}\n");
    assertThat(flipped.augmentation().views()).containsExactly(View.IDENTITY, View.FLIP_HORIZONTAL);
    assertThat(flipped.digest()).isNotEqualTo(recipe.digest());
    assertThat(flipped.withTraining(3, 4).augmentation()).isEqualTo(flipped.augmentation());
  }

  @Test
  void lookingAtARunIsNoPartOfTheDigestUnlessItMayEndTheRun() throws IOException {
    Recipe recipe = load(SMALL);
    assertThat(watched("everyEpochs: 2, split: test, metric: iou, int8: false").digest())
        .isEqualTo(recipe.digest());
    Recipe ends = watched("everyEpochs: 2, patience: 3");
    assertThat(ends.digest()).isNotEqualTo(recipe.digest());
    assertThat(watched("everyEpochs: 2, patience: 3, int8: false").digest())
        .isEqualTo(ends.digest());
    assertThat(
            Stream.of("1, patience: 3", "2, patience: 4", "2, patience: 3, metric: iou")
                .map(other -> watched("everyEpochs: " + other).digest()))
        .doesNotContain(ends.digest())
        .doesNotHaveDuplicates();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "patience: 2                  | training.validation.everyEpochs: | required",
        "everyEpochs: 0               | training.validation.everyEpochs: | 1",
        "everyEpochs: 1, split: dev   | training.validation.split: | val",
        "everyEpochs: 1, metric: dice | training.validation.metric: | boundary-iou",
        "everyEpochs: 1, patience: 0  | training.validation.patience: | 1",
        "everyEpochs: 1, best: last   | training.validation.best is not valid | int8",
      })
  void refusesAValidationNamingKeyAndWhatIsAllowed(String bad, String key, String allowed) {
    assertThatThrownBy(() -> watched(bad))
        .isInstanceOf(ConfigException.class)
        .hasMessageContainingAll("Invalid configuration", "recipe.yaml", key, allowed);
  }

  private Recipe watched(String validation) {
    try {
      return load(SMALL + "  validation: {" + validation + "}\n");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Test
  void aRecipeOfBeforeKeepsItsDigestWhateverItMaySayNow() {
    // Runs that were trained by it are known by this; a change here disowns them.
    assertThat(Recipe.load(RECIPES.resolve("sard.yaml")).digest().hex())
        .isEqualTo("e235af47744224c7edd62e5ab62808293271826d5764060eb4fb62f3bbb14ad2");
  }

  @Test
  void travelsToExecutors() throws IOException, ClassNotFoundException {
    String curriculum = "\ncurriculum: {verdicts: {both-wrong: 0.1}}\n";
    Recipe recipe = load(Files.readString(RECIPES.resolve("sard-logit.yaml")) + curriculum);
    var bytes = new ByteArrayOutputStream();
    try (var out = new ObjectOutputStream(bytes)) {
      out.writeObject(recipe);
    }
    try (var in = new ObjectInputStream(new ByteArrayInputStream(bytes.toByteArray()))) {
      assertThat(in.readObject()).isEqualTo(recipe);
    }
  }

  static Stream<Path> committed() throws IOException {
    try (var files = Files.list(RECIPES)) {
      return files.sorted().toList().stream();
    }
  }

  private Recipe load(String yaml) throws IOException {
    Path file = folder.resolve("recipe.yaml");
    Files.writeString(file, yaml);
    return Recipe.load(file);
  }
}
