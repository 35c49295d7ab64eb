package stillhouse.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import stillhouse.cache.VerifyReport;

class VerifyTextTest {
  private static final VerifyReport.Samples EVEN = new VerifyReport.Samples(9, 9, 0, List.of());

  @Test
  void aWholeCacheNeedsNoRemedy() {
    String text = text(EVEN, again(0), table("features", 0, 0, 0), table("samples", 0, 0, 0));
    assertThat(text)
        .contains("asked again: 3 images (--seed 2026-11-26), 9 rows, 0 of them")
        .endsWith("\nThe cache is whole.");
  }

  @Test
  void eachKindOfFindingHasItsRemedy() {
    assertThat(text(EVEN, again(0), table("answers", 2, 0, 0)))
        .contains("The cache is NOT whole.\n  damaged files: 'refresh --repair'")
        .doesNotContain("doubled rows:", "rows without features:", "samples, quarantine:");
    assertThat(text(EVEN, again(0), table("answers", 0, 1, 0)))
        .contains(
            "NOT whole.\n  doubled rows: 'refresh --repair' (or 'cache --repair') leaves one");
    assertThat(text(EVEN, again(0), table("structure", 0, 0, 1)))
        .contains("NOT whole.\n  rows without features: 'refresh --repair'")
        .contains("it waits until they are back");
    assertThat(
            text(
                EVEN,
                again(0),
                new VerifyReport.Table("answers", 3, 9, 0, 0, 0, 0, 0, 2, List.of())))
        .contains("NOT whole.\n  questions answered in part: 'cache' or 'refresh'");
    for (VerifyReport.Table ingested :
        List.of(
            table("samples", 1, 0, 0), table("samples", 0, 1, 0), table("quarantine", 1, 0, 0))) {
      assertThat(text(EVEN, again(0), ingested))
          .contains("NOT whole.\n  samples, quarantine: 'refresh --repair'")
          .doesNotContain("'cache --repair'");
    }
    assertThat(text(new VerifyReport.Samples(9, 7, 1, List.of("a.png")), again(0)))
        .contains("+ 1 that are neither, for example [a.png]")
        .contains("NOT whole.\n  samples that are neither cached nor in quarantine: 'cache'");
    assertThat(text(EVEN, again(4))).contains("NOT whole.\n  other values: another engine");
  }

  @Test
  void severalFindingsHaveALineEach() {
    String text =
        text(
            new VerifyReport.Samples(9, 7, 1, List.of("a.png")),
            again(1),
            table("features", 1, 1, 0),
            table("structure", 0, 0, 1),
            table("samples", 1, 0, 0));
    assertThat(text.substring(text.indexOf("The cache is NOT")).lines()).hasSize(7);
  }

  private static String text(
      VerifyReport.Samples samples, VerifyReport.Recomputed again, VerifyReport.Table... tables) {
    return VerifyText.of(
        "/w", new VerifyReport(List.of(tables), Optional.of(samples), Optional.of(again)));
  }

  private static VerifyReport.Recomputed again(long different) {
    return new VerifyReport.Recomputed("2026-11-26", 3, 9, different, 0, List.of());
  }

  private static VerifyReport.Table table(
      String name, long damagedFiles, long duplicates, long orphans) {
    return new VerifyReport.Table(
        name, 3, 9, damagedFiles, 0, 0, duplicates, orphans, 0, List.of());
  }
}
