package stillhouse.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import javax.imageio.ImageIO;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;
import stillhouse.metrics.ImageCounts;
import stillhouse.metrics.Metric;
import stillhouse.metrics.PairedCounts;
import stillhouse.metrics.PairedDraws;

/** The table from counts that are known: one class, two images, a group each. */
class SweepTableTest {
  private static final SweepOptions ONE_RANK =
      CommandLine.populateCommand(new SweepOptions(), "--ranks=1");
  private static final String SWEEP =
      """
      name: known
      students: [tiny-conv]
      seeds: [%s]
      metrics: [iou]
      ranks: 1
      baseline: plain
      runs:
        - {name: plain, recipe: sard-uniform}
        - {name: full, recipe: sard}
      """;

  @TempDir Path folder;

  /** Of 10 true pixels in either image the baseline finds 4 and 6, the other 5 + seed and 6. */
  @Test
  void differencesAreMeansOverSeedsWithBothIntervals() throws IOException {
    SweepGrid grid = grid("0, 1, 2");
    List<SweepOutcome> outcomes = new ArrayList<>();
    for (SweepGrid.Trial trial : grid.trials()) {
      outcomes.add(done(trial, 100));
    }
    SweepTable table = table(grid, outcomes);
    SweepTable.Versus versus = table.rows().get(1).versus().orElseThrow();
    // (1 + 2 + 3) / 3 pixels of 20
    var images = versus.images().get(Metric.IOU);
    assertThat(images.observed()).isCloseTo(0.1, offset());
    assertThat(images.low()).as("the second image twice").isCloseTo(0, offset());
    assertThat(images.high()).as("the first image twice").isCloseTo(0.2, offset());
    // s = 0.05 over three seeds: t(0.975, 2) · 0.05 / √3
    assertThat(versus.comparison().spread(Metric.IOU).margin().orElseThrow())
        .isCloseTo(4.302653 * 0.05 / Math.sqrt(3), Offset.offset(1e-6));
    assertThat(new SweepText(table).markdown("table.png"))
        .contains(
            "| run | seeds | IoU | IoU − plain | training s |",
            "| plain | 3 | 0.5000 | - | 1 |",
            "| full | 3 | 0.6000 | +0.1000 [+0.0000, +0.2000] ± 0.1242 | 1 |",
            "![known](table.png)")
        .doesNotContain("UNEQUAL");
    assertThat(table.figures())
        .containsEntry("plain/iou", 0.5)
        .containsEntry("runs/done", 6.0)
        .containsEntry("runs/failed", 0.0);
    assertThat(ImageIO.read(new ByteArrayInputStream(SweepPicture.png(table))).getWidth())
        .isGreaterThan(500);
  }

  @Test
  void oneSeedHasNoIntervalOverSeeds() throws IOException {
    SweepGrid grid = grid("0");
    SweepTable table =
        table(grid, grid.trials().stream().<SweepOutcome>map(t -> done(t, 100)).toList());
    assertThat(new SweepText(table).console())
        .contains("+0.0500 [+0.0000, +0.1000]", "of fewer than three pairs there is none")
        .doesNotContain("] ±");
  }

  @Test
  void aShareOfLabelsIsPairedWithItself() throws IOException {
    Path file = folder.resolve("sweep.yaml");
    Files.writeString(file, SWEEP.formatted("0") + "labels: [0.1, 1]\n");
    SweepGrid grid = SweepGrid.of(file, SweepConfig.load(file), ONE_RANK);
    SweepTable table =
        table(grid, grid.trials().stream().<SweepOutcome>map(t -> done(t, 100)).toList());
    assertThat(new SweepText(table).markdown("p"))
        .contains(
            "| run | labels | seeds | IoU | IoU − plain | training s |",
            "| plain | 10 % | 1 | 0.5000 | - | 1 |",
            "| full | 10 % | 1 | 0.5500 | +0.0500 [+0.0000, +0.1000] | 1 |",
            "| plain | 100 % | 1 |");
    assertThat(table.rows().get(1).versus().orElseThrow().comparison().seeds().get(0).pair())
        .extracting(pair -> pair.baseline().name(), pair -> pair.candidate().name())
        .containsExactly("tiny-conv.known_plain.l10.s0", "tiny-conv.known_full.l10.s0");
    assertThat(table.figures()).containsKey("full_10/iou_difference");
  }

  @Test
  void aFailedRunIsSaidAndTheOthersArePaired() throws IOException {
    SweepGrid grid = grid("0, 1");
    List<SweepOutcome> outcomes =
        grid.trials().stream()
            .<SweepOutcome>map(
                trial ->
                    trial.name().equals("tiny-conv.known_full.s1")
                        ? new SweepOutcome.Failed(
                            trial, SweepOutcome.Stage.TRAIN, "the gradient's norm is NaN")
                        : done(trial, 100))
            .toList();
    SweepTable table = table(grid, outcomes);
    assertThat(new SweepText(table).console())
        .containsPattern("full +1 of 2 +0.5500 +\\+0.0500 ")
        .contains("tiny-conv.known_full.s1: failed in train: the gradient's norm is NaN");
    assertThat(table.failures()).hasSize(1);
    assertThat(table.trials()).isEqualTo(4);
    assertThat(table.toMap().toString())
        .contains("stage=train, reason=the gradient's norm is NaN", "over_images={iou={difference");
  }

  @Test
  void aRunThatNeverSucceededHasNoFigures() throws IOException {
    SweepGrid grid = grid("0");
    List<SweepOutcome> outcomes =
        grid.trials().stream()
            .<SweepOutcome>map(
                t -> new SweepOutcome.Failed(t, SweepOutcome.Stage.EXPORT, "no room"))
            .toList();
    SweepTable table = table(grid, outcomes);
    assertThat(new SweepText(table).markdown("p")).contains("| full | 0 of 1 | - | - | - |");
    assertThat(SweepPicture.png(table)).isNotEmpty();
  }

  @Test
  void runsOfUnequalStepsAreMarked() throws IOException {
    SweepGrid grid = grid("0");
    List<SweepOutcome> outcomes = new ArrayList<>();
    outcomes.add(done(grid.trials().get(0), 100));
    outcomes.add(done(grid.trials().get(1), 300));
    assertThat(new SweepText(table(grid, outcomes)).console())
        .contains("UNEQUAL", "full UNEQUAL: 300 steps of 16 at 0.001, view view, the baseline 100");
  }

  @Test
  void whatIsLeftIsEstimatedFromWhatWasDone() {
    long[] now = {0};
    SweepProgress progress = new SweepProgress("known", 3, () -> now[0]);
    now[0] = 90_000_000_000L;
    assertThat(progress.after(4, 6))
        .isEqualTo("Sweep known: 4 of 6 runs, after 90 s; about 3 min 0 s left");
    assertThat(SweepProgress.duration(9000)).isEqualTo("2 h 30 min");
  }

  @Test
  void aDryRunsEstimateIsOfKnownRatesAlone() throws IOException {
    SweepCell cell = grid("0, 1").cells().get(0);
    RunRecord run = RunRecords.of("a", "sard", 100, "run", Map.of()); // a second for 100 steps
    var known = new SweepPlan.Line(cell, 64, 2000, 2, Optional.of(run));
    var unknown = new SweepPlan.Line(cell, 64, 2000, 3, Optional.empty());
    assertThat(SweepPlan.estimate(List.of(known, unknown)))
        .startsWith("About 40 s of training and 3 runs of which no rate is known, at the rate of");
    assertThat(SweepPlan.estimate(List.of(unknown))).startsWith("How long it takes is not known");
    assertThat(SweepPlan.estimate(List.of(new SweepPlan.Line(cell, 64, 9, 0, Optional.empty()))))
        .isEqualTo("All of it is trained.");
  }

  @Test
  void runsOfOtherVerdictsAreNotPaired() throws IOException {
    SweepGrid grid = grid("0, 1");
    List<SweepOutcome> outcomes = new ArrayList<>();
    long version = 3;
    for (SweepGrid.Trial trial : grid.trials()) {
      SweepOutcome.Done done = done(trial, 100);
      version += trial.name().equals("tiny-conv.known_full.s1") ? 1 : 0;
      outcomes.add(new SweepOutcome.Done(trial, done.record(), done.score(), version));
    }
    SweepTable table = table(grid, outcomes);
    assertThat(table.rows().get(1).versus().orElseThrow().comparison().seeds()).hasSize(1);
    assertThat(new SweepText(table).console())
        .contains(
            "tiny-conv.known_full.s1 is not held against tiny-conv.known_plain.s1: it was trained"
                + " by version 4 of the verdicts, the other by 3. Remove the two folders of the");
  }

  @Test
  void secondsThatAreNotKnownAreLeftOutAndNamed() throws IOException {
    SweepGrid grid = grid("0, 1");
    List<SweepOutcome> outcomes = new ArrayList<>();
    for (SweepGrid.Trial trial : grid.trials()) {
      SweepOutcome.Done done = done(trial, 100);
      RunRecord record = done.record();
      outcomes.add(
          trial.name().equals("tiny-conv.known_full.s1")
              ? new SweepOutcome.Done(trial, RunRecords.untimed(record), done.score(), -1)
              : done);
    }
    SweepTable table = table(grid, outcomes);
    assertThat(table.rows().get(1).seconds()).hasValue(1);
    assertThat(new SweepText(table).markdown("p"))
        .contains("| 1 (1 of 2) |", "| plain | 2 | 0.5000 | - | 1 |")
        .contains("leave out what an older version trained in parts: tiny-conv.known_full.s1.");
  }

  private SweepTable table(SweepGrid grid, List<SweepOutcome> outcomes) {
    return SweepTable.of(
        grid, outcomes, Map.of("data set", "drawn"), Optional.empty(), SweepTableTest::draws);
  }

  private static PairedDraws draws(RunPairs.Pair pair) {
    int found = found(pair.candidate().score());
    return RunDraws.BOOTSTRAP.draws(
        PairedCounts.of(
            List.of(
                new PairedCounts.Pair("first", counts(4), counts(found)),
                new PairedCounts.Pair("second", counts(6), counts(6)))));
  }

  private static int found(Score score) {
    return score.recipe().equals("known_plain") ? 4 : 5 + (int) score.seed();
  }

  /** So many of ten true pixels were found, and none beside, of area and boundary alike. */
  private static ImageCounts counts(long found) {
    long[] counts = new long[12]; // [area, boundary][foreground, class][found, predicted, actual]
    for (int at = 0; at < counts.length; at += 3) {
      counts[at] = found;
      counts[at + 1] = found;
      counts[at + 2] = 10;
    }
    return ImageCounts.fromArray(1, counts);
  }

  private SweepGrid grid(String seeds) throws IOException {
    Path file = Files.writeString(folder.resolve("sweep.yaml"), SWEEP.formatted(seeds));
    return SweepGrid.of(file, SweepConfig.load(file), ONE_RANK);
  }

  private static SweepOutcome.Done done(SweepGrid.Trial trial, long steps) {
    String recipe = trial.cell().recipe().name();
    RunRecord record = RunRecords.of(trial.name(), recipe, steps, "run", Map.of());
    Score bare = score(trial, recipe, Map.of());
    double iou = (found(bare) + 6) / 20.0;
    return new SweepOutcome.Done(trial, record, score(trial, recipe, Map.of("iou", iou)), -1);
  }

  private static Score score(SweepGrid.Trial trial, String recipe, Map<String, Double> metrics) {
    return new Score(
        trial.name(),
        "student",
        recipe,
        "tiny-conv",
        trial.seed(),
        1,
        1,
        "test",
        metrics,
        1L,
        1,
        1,
        "",
        "",
        "m",
        "s",
        "file:" + trial.name(),
        "run");
  }

  private static Offset<Double> offset() {
    return Offset.offset(1e-12);
  }
}
