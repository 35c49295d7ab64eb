package stillhouse.jobs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import picocli.CommandLine;
import stillhouse.conf.ConfFiles;
import stillhouse.conf.ConfigException;
import stillhouse.metrics.Metric;
import stillhouse.train.Phase;
import stillhouse.train.Recipe;
import stillhouse.train.ReviewSettings;

class SweepConfigTest {
  private static final String SMALL =
      """
      name: small
      students: [tiny-conv]
      seeds: [3, 1]
      baseline: plain
      runs:
        - {name: plain, recipe: sard-uniform}
        - {name: full, recipe: sard}
      """;

  @TempDir Path folder;

  static Stream<Path> committed() throws IOException {
    try (var files = Files.list(ConfFiles.home().resolve("conf/sweeps"))) {
      return files.sorted().toList().stream();
    }
  }

  @ParameterizedTest
  @MethodSource("committed")
  void everyCommittedSweepCanBeTrained(Path file) throws IOException {
    SweepConfig config = SweepConfig.load(file);
    assertThat(config.name() + ".yaml").isEqualTo(file.getFileName().toString());
    assertThat(config.description()).isNotBlank();
    assertThat(Files.readString(file))
        .startsWith("# ")
        .contains("bin/stillhouse sweep " + config.name() + " --data ", "# Cost:   ", "Expect: ");
    SweepGrid grid = SweepGrid.of(file, config, new SweepOptions());
    Map<String, Integer> trainings =
        Map.ofEntries(
            Map.entry("sard-ablation", 48),
            Map.entry("sard-full-uniform", 16),
            Map.entry("losses", 27),
            Map.entry("label-share", 24),
            Map.entry("label-share-short", 24),
            Map.entry("smoke", 4),
            Map.entry("kd-sam", 12),
            Map.entry("kd-sam-short", 12));
    assertThat(grid.trials()).hasSize(trainings.get(config.name()));
    assertThat(grid.trials().stream().map(SweepGrid.Trial::name)).doesNotHaveDuplicates();
  }

  @Test
  void aFileThatSaysLittleHasDefaults() throws IOException {
    SweepConfig config = SweepConfig.load(file(SMALL));
    assertThat(config.labels()).containsExactly(1.0);
    assertThat(config.ranks()).isEqualTo(4);
    assertThat(config.split()).isEqualTo("test");
    assertThat(config.metrics()).containsExactly(Metric.IOU, Metric.BOUNDARY_IOU);
    assertThat(SweepConfig.load(file(SMALL + "metrics: [dice, boundary_iou]\n")).metrics())
        .containsExactly(Metric.DICE, Metric.BOUNDARY_IOU);
  }

  @Test
  void everyRunUsesVerdictsAndIsReviewedWhereTheFileOrTheCommandSaysSo() throws IOException {
    ReviewSettings below = new ReviewSettings(2, "below", 0.15);
    for (SweepCell cell : grid(SMALL).cells()) {
      assertThat(cell.options().verdicts(cell.recipe())).isFalse();
      assertThat(cell.recipe().training().review()).isNull();
    }
    String more = "verdicts: true\nreview: {everyEpochs: 2, reading: below}\n";
    for (SweepCell cell : grid(SMALL + more).cells()) {
      assertThat(cell.options().verdicts(cell.recipe())).isTrue();
      assertThat(cell.recipe().training().review()).isEqualTo(below);
      assertThat(Recipe.load(cell.writeRecipe(folder))).isEqualTo(cell.recipe());
    }
    var options =
        CommandLine.populateCommand(
            new SweepOptions(), "--verdicts", "--review-every=2", "--review-reading=below");
    Path file = file(SMALL);
    for (SweepCell cell : SweepGrid.of(file, SweepConfig.load(file), options).cells()) {
      assertThat(cell.options().verdicts(cell.recipe())).isTrue();
      assertThat(cell.recipe().training().review()).isEqualTo(below);
    }
    var never = CommandLine.populateCommand(new SweepOptions(), "--review-every=0");
    file = file(SMALL + more);
    for (SweepCell cell : SweepGrid.of(file, SweepConfig.load(file), never).cells()) {
      assertThat(cell.recipe().training().review()).isNull();
    }
  }

  @Test
  void everyLineIsTrainedWithASeedBeforeTheNext() throws IOException {
    String shares = SMALL + "labels: [0.1, 1]\n";
    SweepGrid grid = grid(shares.replace("recipe: sard}", "recipe: sard, labels: 0.1}"));
    assertThat(grid.trials().stream().map(SweepGrid.Trial::name))
        .containsExactly(
            "tiny-conv.small_plain.l10.s3",
            "tiny-conv.small_full.l10.s3",
            "tiny-conv.small_plain.s3",
            "tiny-conv.small_plain.l10.s1",
            "tiny-conv.small_full.l10.s1",
            "tiny-conv.small_plain.s1");
    assertThat(grid.baseline(grid.cells().get(1))).isEqualTo(grid.cells().get(0));
    assertThat(grid.baseline(grid.cells().get(2))).isEqualTo(grid.cells().get(2));
  }

  @Test
  void aBaselineWithLabelsOfItsOwnIsEveryLines() throws IOException {
    SweepGrid grid =
        grid(
            (SMALL + "labels: [0.1, 0.5]\n")
                .replace("recipe: sard-uniform}", "recipe: scratch, labels: 1}"));
    assertThat(grid.cells().stream().map(SweepCell::labels)).containsExactly(0.1, 0.5, 1.0);
    assertThat(grid.cells().stream().map(cell -> grid.baseline(cell).labels())).containsOnly(1.0);
  }

  @Test
  void aRunsOwnWordsStandInForTheCommonOnesAndTheseForTheRecipes() throws IOException {
    SweepGrid grid =
        grid(
            SMALL.replace("sard}", "sard, epochs: 7, learningRate: 0.5}")
                + "every: {batch: 8, steps: 100, learningRate: 0.25, grid: 48}\n"
                + "ranks: 2\n");
    Recipe plain = grid.cells().get(0).recipe();
    Recipe full = grid.cells().get(1).recipe();
    assertThat(plain.alignment().grid()).isEqualTo(48);
    assertThat(plain.training().batch()).isEqualTo(8);
    assertThat(plain.training().optimizer().learningRate()).isEqualTo(0.25);
    assertThat(grid.cells().get(0).options().epochs(plain, 30)).as("of 30 steps").isEqualTo(4);
    assertThat(full.training().epochs()).isEqualTo(7);
    assertThat(full.training().optimizer().learningRate()).isEqualTo(0.5);
    assertThat(grid.cells().get(1).options().epochs(full, 30)).isEqualTo(7);
  }

  @Test
  void theRecipeThatIsWrittenIsTheOneThatIsTrained() throws IOException {
    String yaml = SMALL + "every: {batch: 8, epochs: 3, learningRate: 0.25, grid: 48}\n";
    List<SweepCell> cells = new ArrayList<>(grid(yaml.replace("sard-uniform", "scratch")).cells());
    cells.addAll(grid(yaml.replace("recipe: sard}", "recipe: kd-sam}")).cells());
    assertThat(cells.get(3).recipe().phases()).extracting(Phase::epochs).containsExactly(2, 1);
    for (SweepCell cell : cells) {
      Recipe written = Recipe.load(cell.writeRecipe(folder.resolve("recipes")));
      assertThat(written).isEqualTo(cell.recipe());
      assertThat(written.digest()).isEqualTo(cell.recipe().digest());
    }
  }

  @Test
  void twoSweepsNeverNameARunAlike() throws IOException {
    SweepCell one = grid(named("label", "share-full")).cells().get(1);
    SweepCell other = grid(named("label-share", "full")).cells().get(1);
    assertThat(one.runName(0)).isEqualTo("tiny-conv.label_share-full.s0");
    assertThat(other.runName(0)).isEqualTo("tiny-conv.label-share_full.s0");
  }

  private static String named(String sweep, String run) {
    return SMALL.replace("name: small", "name: " + sweep).replace("name: full", "name: " + run);
  }

  @Test
  void aRecipeWhoseLengthIsInStepsSaysSo() throws IOException {
    SweepCell cell = grid(SMALL + "every: {steps: 100}\n").cells().get(0);
    assertThat(cell.writeRecipe(folder.resolve("recipes")))
        .content()
        .startsWith("# Made of ")
        .contains("run plain. Trained for at least 100 steps in whole epochs: its epochs are not");
  }

  @Test
  void whatCannotBeIsRefusedWithItsPlace() {
    refused(
        SMALL.replace(
            "[tiny-conv]", "[tiny-conv, " + ConfFiles.find("students", "tiny-conv") + "]"),
        "two students are named tiny-conv (give each a name of its own; or one is listed twice");
    refused(SMALL + "sede: 1\n", "sede");
    refused(SMALL.replace("recipe: sard}", "recipe: sard, grids: 3}"), "runs[1]", "grids");
    refused(SMALL.replace("seeds: [3, 1]", "seeds: [1, 1]"), "seeds");
    refused(SMALL.replace("name: full", "name: plain"), "two are named plain");
    refused(
        SMALL.replace("baseline: plain", "baseline: none"),
        "Invalid baseline: none (must be the name of a run: [plain, full])");
    refused(
        SMALL + "every: {steps: 10, epochs: 2}\n",
        "Invalid every: steps 10 and epochs 2 (give one of the two)");
    refused(
        SMALL.replace("recipe: sard}", "recipe: sard, labels: 0.5}"),
        "Invalid runs, full: labels 0.5 has no baseline (plain is trained with [1.0]: add 0.5 to");
    refused(
        SMALL.replace("recipe: sard}", "recipe: sardine}"),
        "run full: Cannot read configuration ",
        "recipes/sardine.yaml: no such file. Files there: ");
    refused(SMALL.replace("[tiny-conv]", "[tiny]"), "students/tiny.yaml: no such file");
    refused(
        SMALL + "every: {batch: 6}\n",
        "run plain: Invalid --batch: 6 (must be a multiple of the 4 ranks)");
  }

  private void refused(String yaml, String... words) {
    assertThatThrownBy(() -> grid(yaml))
        .isInstanceOf(ConfigException.class)
        .hasMessageContainingAll(words);
  }

  private SweepGrid grid(String yaml) throws IOException {
    Path file = file(yaml);
    SweepConfig config = SweepConfig.load(file);
    return SweepGrid.of(file, config, new SweepOptions());
  }

  private Path file(String yaml) throws IOException {
    return Files.writeString(folder.resolve("sweep.yaml"), yaml);
  }
}
