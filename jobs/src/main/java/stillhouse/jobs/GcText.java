package stillhouse.jobs;

import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import stillhouse.cache.GcReport;
import stillhouse.cache.Pin;

/** What {@code gc} did or would do, for a console and as JSON. */
final class GcText {
  private GcText() {}

  static String of(GcReport report, List<Pin> holding, boolean dryRun) {
    StringBuilder text = new StringBuilder();
    text.append(dryRun ? "Nothing was changed; this would go:\n" : "Gone:\n");
    text.append(tables(report));
    text.append(otherViews(report));
    text.append("\ntraining views that no run names: ").append(report.views().size());
    report.views().forEach(view -> text.append("\n  ").append(view));
    text.append("\nviews, and what stopped writers left: ")
        .append(TextTable.bytes(report.viewBytes()))
        .append("\nstaging folders of stopped jobs: ")
        .append(report.staging())
        .append(", ")
        .append(TextTable.bytes(report.stagingBytes()))
        .append("\n\n")
        .append(vacuums(report));
    for (Pin pin : holding) {
      text.append("\npinned by ").append(pin.kind()).append(' ').append(pin.owner());
      text.append(" since ").append(Instant.ofEpochMilli(pin.since()));
    }
    return text.toString();
  }

  private static String tables(GcReport report) {
    var table =
        new TextTable(
            "table",
            "rows",
            "dead",
            "files dropped",
            "files compacted",
            "small files merged",
            "smaller by",
            "skipped");
    for (GcReport.Table t : report.tables()) {
      table.add(
          t.name(),
          t.rows(),
          t.dead(),
          t.dropped(),
          t.compacted(),
          t.merged(),
          TextTable.bytes(t.freedBytes()),
          t.skipped());
    }
    return table.text();
  }

  private static String otherViews(GcReport report) {
    if (report.otherViews().isEmpty()) {
      return "";
    }
    var table = new TextTable("teacher that stays", "in a view that is not named", "images");
    report.otherViews().forEach(v -> table.add(v.teacher(), v.view().text(), v.rows()));
    return "\nteacher's work in views that neither --recipe nor the data set's YAML names"
        + " (without --other-views gc refuses to take it):\n"
        + table.text();
  }

  private static String vacuums(GcReport report) {
    var table = new TextTable("older versions of", "kept for hours", "files", "size");
    for (GcReport.Vacuum v : report.vacuums()) {
      table.add(v.table(), v.hours(), v.files(), TextTable.bytes(v.bytes()));
    }
    return table.isEmpty() ? "older table versions: left alone" : table.text();
  }

  static Map<String, Object> map(GcReport report, List<Pin> holding, boolean dryRun) {
    Map<String, Object> map = new LinkedHashMap<>();
    map.put("dry_run", dryRun);
    map.put("gone", report);
    map.put("pins", holding);
    return map;
  }
}
