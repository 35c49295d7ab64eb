package stillhouse.jobs;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;
import stillhouse.cache.VerifyReport;

/** What to do about each kind of thing that {@code verify} finds, a line each. */
final class VerifyRemedies {
  private static final Set<String> INGESTED = Set.of("samples", "quarantine");

  private VerifyRemedies() {}

  static String of(VerifyReport report) {
    List<String> lines = new ArrayList<>();
    List<VerifyReport.Table> ingested = tables(report, t -> INGESTED.contains(t.name()));
    List<VerifyReport.Table> cached = tables(report, t -> !INGESTED.contains(t.name()));
    if (any(ingested, t -> t.damagedFiles() > 0 || t.duplicates() > 0)) {
      lines.add(
          "samples, quarantine: 'refresh --repair' takes damaged files and doubled rows out; its"
              + " ingest reads the images of lost samples anew, and tries those once more whose row"
              + " in quarantine was lost.");
    }
    if (any(cached, t -> t.damagedFiles() > 0)) {
      lines.add(
          "damaged files: 'refresh --repair' (or 'cache --repair') takes them out, keeps what is"
              + " whole of them and asks the teacher for the rest.");
    }
    if (any(cached, t -> t.duplicates() > 0)) {
      lines.add("doubled rows: 'refresh --repair' (or 'cache --repair') leaves one of each key.");
    }
    if (any(cached, t -> t.orphans() > 0)) {
      lines.add(
          "rows without features: 'refresh --repair' (or 'cache --repair') takes them out; where"
              + " features were damaged, it waits until they are back: run it once more.");
    }
    if (any(cached, t -> t.incomplete() > 0)) {
      lines.add(
          "questions answered in part: 'cache' or 'refresh' with their teacher (and --recipe) asks"
              + " for the answers that are lost; those of other teachers and settings hinder nobody,"
              + " and 'gc --keep' takes them.");
    }
    if (report.samples().filter(s -> !s.even()).isPresent()) {
      lines.add(
          "samples that are neither cached nor in quarantine: 'cache' (with the --recipe given"
              + " here) asks the teacher about them.");
    }
    if (report.recomputed().filter(r -> r.different() > 0).isPresent()) {
      lines.add(
          "other values: another engine, device or number of threads says other last bits, so"
              + " verify where the cache was filled. Where rows lack on one side, see above. Else"
              + " the teacher's files or its engine have changed under the same digests: no command"
              + " tells which rows are right; fill a workspace anew (--root), and compare.");
    }
    return String.join("\n", lines.stream().map(line -> "  " + line).toList());
  }

  private static List<VerifyReport.Table> tables(
      VerifyReport report, Predicate<VerifyReport.Table> which) {
    return report.tables().stream().filter(which).toList();
  }

  private static boolean any(List<VerifyReport.Table> tables, Predicate<VerifyReport.Table> how) {
    return tables.stream().anyMatch(how);
  }
}
