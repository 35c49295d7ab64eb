package stillhouse.jobs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import stillhouse.conf.ConfigException;
import stillhouse.metrics.Metric;
import stillhouse.metrics.PairedBootstrap.Difference;

class RunPairsTest {
  private static final RunTerms TERMS = new RunTerms(2000, 16, 1e-3, "0123456789abcdef");

  @Test
  void pairsRunsThatDifferInTheRecipeAloneAndNamesTheRest() {
    RunPairs pairs =
        RunPairs.of(
            List.of(
                run("a1", "base", "tiny", 1, 1),
                run("a0", "base", "tiny", 0, 1),
                run("a2", "base", "tiny", 2, 1),
                run("b0", "sard", "tiny", 0, 1),
                run("b1", "sard", "tiny", 1, 1),
                run("b2", "sard", "tiny", 2, 0.1),
                run("b3", "sard", "wide", 2, 1),
                run("c0", "other", "tiny", 2, 1)),
            "base",
            "sard");
    assertThat(pairs.pairs())
        .extracting(p -> p.seed() + " " + p.baseline().name() + " " + p.candidate().name())
        .containsExactly("0 a0 b0", "1 a1 b1");
    assertThat(pairs.alone())
        .hasSize(3)
        .contains(
            "a2: no evaluated run of recipe sard has student tiny, labels 1.0, split test, seed 2",
            "b2: no evaluated run of recipe base has student tiny, labels 0.1, split test, seed 2");
  }

  @Test
  void pairsAnotherToolsMasksWithEveryRunOfTheSameSplit() {
    var masks = EvaluatedRun.untrained(predictions("test"));
    var elsewhere = EvaluatedRun.untrained(predictions("val"));
    var a = run("a", "base", "tiny", 0, 1);
    var b = run("b", "base", "wide", 3, 0.1);
    RunPairs pairs = RunPairs.of(List.of(b, elsewhere, a, masks), "yolo", "base");
    assertThat(pairs.pairs())
        .extracting(p -> p.baseline().made() + " " + p.candidate().name() + " " + p.seed())
        .containsExactly("another tool's masks a 0", "another tool's masks b 3");
    assertThat(pairs.pairs()).allMatch(RunPairs.Pair::equalWork);
    assertThat(RunPairs.of(List.of(elsewhere, a), "base", "yolo").alone())
        .containsExactly("base and yolo: not evaluated on the same split");
  }

  @Test
  void anyTwoScoresOfOneSplitArePaired() {
    var onTest = named(run("a", "base", "tiny", 0, 1), "pit", "dent");
    var onVal = named(EvaluatedRun.untrained(predictions("val")), "pit", "dent");
    var masks = named(EvaluatedRun.untrained(predictions("test")), "pit", "dent");
    PairedScores paired = PairedScores.of(List.of(onTest), List.of(masks, onVal));
    assertThat(paired.splits())
        .extracting(s -> s.pair().baseline().name() + " " + s.pair().candidate().name())
        .containsExactly("a yolo");
    assertThatThrownBy(() -> PairedScores.of(List.of(onTest), List.of(onVal)))
        .isInstanceOf(ConfigException.class)
        .hasMessageStartingWith(
            "Cannot compare yolo with a: they were scored on different splits (val, test)");
    var others = named(run("b", "base", "wide", 1, 1), "dent", "pit");
    assertThatThrownBy(() -> PairedScores.of(List.of(onTest), List.of(others)))
        .isInstanceOf(ConfigException.class)
        .hasMessage(
            "Cannot compare b with a: they were scored on different classes ([dent, pit], [pit,"
                + " dent]).");
  }

  private static NamedScores.Named named(EvaluatedRun scored, String... classes) {
    return new NamedScores.Named(scored, Path.of("runs", scored.name()), List.of(classes));
  }

  @Test
  void aPairsTableHasARowAClassAndSaysThatSeedsAreLeftOut() {
    var gain = new Difference(0.1, 0.1, 0.05, 0.2, 9, 2000);
    Map<String, Map<Metric, Difference>> rows = new LinkedHashMap<>();
    rows.put("(mean)", Map.of(Metric.IOU, gain));
    rows.put("pit", Map.of(Metric.IOU, gain, Metric.DICE, gain));
    var unequal = pair(TERMS, new RunTerms(300, 8, 1e-4, "v"));
    var comparison = new ScoreComparison(unequal, rows);
    assertThat(comparison.text().lines().map(String::strip))
        .contains(
            "b − a (UNEQUAL: their steps or batches differ): split test, 9 groups of images",
            "a: 2000 steps of 16 at 0.001, view 0123456789ab",
            "pit     +0.1000 [+0.0500, +0.2000]  not defined   +0.1000 [+0.0500," + " +0.2000]")
        .anyMatch(line -> line.startsWith("over seeds: two scores, not recipes: nothing is said"));
    assertThat(comparison.toMap().get("differences").toString())
        .contains("pit={iou={difference=0.1, low=0.05, high=0.2, groups=9, draws=2000}, dice=");
  }

  private static Score predictions(String split) {
    return Score.ofPredictions("yolo", split, Map.of("iou", 0.5), "", "m", "s", "i", "r");
  }

  @Test
  void refusesToGuessBetweenTwoRunsOfOneKind() {
    var runs = List.of(run("a", "base", "tiny", 0, 1), run("again", "base", "tiny", 0, 1));
    assertThatThrownBy(() -> RunPairs.of(runs, "base", "sard"))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining("a and again are both of student tiny, labels 1.0");
  }

  @Test
  void refusesRunsOfDifferentStepsOrBatchUnlessAskedFor() {
    RunPairs.Pair steps = pair(TERMS, new RunTerms(300, 16, 1e-3, "fedcba9876543210"));
    assertThatThrownBy(() -> steps.require(false))
        .isInstanceOf(ConfigException.class)
        .hasMessage(
            "Cannot compare b (300 steps of 16 at 0.001, view fedcba987654) with a (2000 steps of"
                + " 16 at 0.001, view 0123456789ab): their steps or batch differ. Train them alike"
                + " (--steps, --batch), or give --unequal to compare them all the same.");
    assertThatCode(() -> steps.require(true)).doesNotThrowAnyException();
    RunPairs.Pair batch = pair(TERMS, new RunTerms(2000, 8, 1e-3, "v"));
    assertThatThrownBy(() -> batch.require(false))
        .hasMessageContaining("b (2000 steps of 8 at 0.001, view v)");
  }

  /** {@code --steps 2000} is 2000 steps of epochs of 100, and 2080 of epochs of 80 … */
  @Test
  void takesStepsThatDifferByAWholeEpochsRoundingAsEqual() {
    assertThat(TERMS.equalWork(new RunTerms(2080, 16, 1e-2, "v"))).isTrue();
    assertThat(TERMS.equalWork(new RunTerms(2106, 16, 1e-3, "v"))).isFalse();
    RunTerms old = new RunTerms(2000, 0, 0, "v");
    assertThat(TERMS.equalWork(old)).isFalse();
    assertThat(old).hasToString("2000 steps, batch and learning rate not recorded, view v");
  }

  @Test
  void refusesRunsThatWereScoredOnDifferentImages() {
    var a = new EvaluatedRun(score("a", "base", "tiny", 0, 1, "s1"), TERMS, "");
    var b = new EvaluatedRun(score("b", "sard", "tiny", 0, 1, ""), TERMS, "");
    assertThatThrownBy(() -> new RunPairs.Pair(a, b).require(true))
        .isInstanceOf(ConfigException.class)
        .hasMessage(
            "Cannot compare b with a: they were scored on different images (not recorded, s1). Run"
                + " the evaluate job on both again.");
  }

  @Test
  void theTablesHeadShowsBothSidesTermsAndThatTheyAreUnequal() {
    assertThat(comparison(pair(TERMS, TERMS)).text())
        .contains(
            "sard − base: student tiny, labels 1.0, split test",
            "sard: 2000 steps of 16 at 0.001, view 0123456789ab",
            "base: 2000 steps of 16 at 0.001, view 0123456789ab");
    RecipeComparison unequal = comparison(pair(TERMS, new RunTerms(300, 8, 1e-4, "v")));
    assertThat(unequal.text())
        .contains(
            "sard − base (UNEQUAL: their steps or batches differ): student tiny",
            "sard: 300 steps of 8 at 1.0E-4, view v",
            "base: 2000 steps of 16 at 0.001, view 0123456789ab");
    assertThat(unequal.toMap()).containsEntry("equal_work", false);
    assertThat(unequal.toMap().get("seeds").toString())
        .contains("candidate_terms={steps=300, batch=8, learning_rate=1.0E-4, view=v}");
  }

  @Test
  void aRunThatIsScoredOnTheImagesItWasChosenOnIsNamed() {
    var clean = new EvaluatedRun(score("a", "base", "tiny", 0, 1, "s"), TERMS, "val");
    var chosen = new EvaluatedRun(score("b", "sard", "tiny", 0, 1, "s"), TERMS, "test");
    RecipeComparison comparison = comparison(new RunPairs.Pair(clean, chosen));
    assertThat(comparison.flattered())
        .containsExactly(
            "b: its checkpoint was chosen on split test, the images that it is scored on, so its figures flatter it. Score it on another split (--split), or validate on another (--validate-split).");
    assertThat(comparison.text()).contains(comparison.flattered());
  }

  private static RecipeComparison comparison(RunPairs.Pair pair) {
    Map<Metric, Difference> differences = new EnumMap<>(Metric.class);
    for (Metric metric : Metric.values()) {
      differences.put(metric, new Difference(0.1, 0.1, 0, 0.2, 9, 2000));
    }
    return new RecipeComparison(
        "base", "sard", "tiny", 1, "test", List.of(new RecipeComparison.Seed(pair, differences)));
  }

  private static RunPairs.Pair pair(RunTerms baseline, RunTerms candidate) {
    return new RunPairs.Pair(
        new EvaluatedRun(score("a", "base", "tiny", 0, 1, "s"), baseline, ""),
        new EvaluatedRun(score("b", "sard", "tiny", 0, 1, "s"), candidate, ""));
  }

  private static EvaluatedRun run(
      String name, String recipe, String student, long seed, double labels) {
    return new EvaluatedRun(score(name, recipe, student, seed, labels, "s"), TERMS, "");
  }

  private static Score score(
      String name, String recipe, String student, long seed, double labels, String samples) {
    return new Score(
        name,
        "student",
        recipe,
        student,
        seed,
        labels,
        4,
        "test",
        Map.of(),
        1L,
        1,
        1,
        "",
        "",
        "model of " + name,
        samples,
        "file:" + name,
        "run");
  }
}
