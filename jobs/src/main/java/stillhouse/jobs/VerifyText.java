package stillhouse.jobs;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import stillhouse.cache.VerifyReport;

/** What {@code verify} found, for a console and as JSON. */
final class VerifyText {
  private static final int SHOWN = 10; // of each table's examples; the JSON has more

  private VerifyText() {}

  static String of(String root, VerifyReport report) {
    var table =
        new TextTable(
            "table",
            "files",
            "rows read",
            "damaged files",
            "rows lost",
            "rows damaged",
            "doubled",
            "without features",
            "answered in part");
    for (VerifyReport.Table t : report.tables()) {
      table.add(
          t.name(),
          t.files(),
          t.rows(),
          t.damagedFiles(),
          t.lostRows(),
          t.damagedRows(),
          t.duplicates(),
          t.orphans(),
          t.incomplete());
    }
    StringBuilder text = new StringBuilder(root).append('\n').append(table.text());
    report.tables().forEach(t -> examples(text, t.examples()));
    text.append('\n').append(samples(report)).append('\n').append(recomputed(report));
    report.recomputed().ifPresent(r -> examples(text.append('\n'), r.examples()));
    return text.append('\n').append(verdict(report)).toString();
  }

  private static void examples(StringBuilder text, List<String> examples) {
    examples.stream().limit(SHOWN).forEach(e -> text.append("  ").append(e).append('\n'));
    if (examples.size() > SHOWN) {
      text.append("  and more: the report that --json writes names them\n");
    }
  }

  private static String samples(VerifyReport report) {
    return report
        .samples()
        .map(
            s ->
                "samples: %d = %d cached + %d quarantined%s"
                    .formatted(
                        s.samples(),
                        s.cached(),
                        s.quarantined(),
                        s.even()
                            ? ""
                            : " + %d that are neither, for example %s"
                                .formatted(s.samples() - s.cached() - s.quarantined(), s.lost())))
        .orElse("samples: not held against the cache (give --teacher)");
  }

  private static String recomputed(VerifyReport report) {
    return report
        .recomputed()
        .map(
            r ->
                "asked again: %d images (--seed %s), %d rows, %d of them not equal byte for byte%s"
                    .formatted(
                        r.images(),
                        r.seed(),
                        r.rows(),
                        r.different(),
                        r.different() == 0
                            ? ""
                            : " (values differ by " + r.largest() + " at most)"))
        .orElse("asked again: nothing (give --recompute N)");
  }

  private static String verdict(VerifyReport report) {
    if (report.passed()) {
      return "The cache is whole.";
    }
    return "The cache is NOT whole.\n" + VerifyRemedies.of(report);
  }

  static Map<String, Object> map(String root, VerifyReport report) {
    Map<String, Object> map = new LinkedHashMap<>();
    map.put("workspace", root);
    map.put("passed", report.passed());
    map.put("tables", report.tables());
    report.samples().ifPresent(s -> map.put("samples", s));
    report.recomputed().ifPresent(r -> map.put("recomputed", r));
    return map;
  }
}
