package stillhouse.jobs;

import java.util.List;
import java.util.stream.Collectors;
import stillhouse.cache.CacheStats;
import stillhouse.cache.FolderSize;

/** {@code stats} for a console: a table a topic, those without a row left out. */
final class StatsText {
  private final StringBuilder text = new StringBuilder();

  private StatsText() {}

  static String of(StatsCommand.Report report) {
    var text = new StatsText();
    CacheStats cache = report.cache();
    text.text.append(report.workspace()).append(System.lineSeparator());
    text.tables(cache);
    text.features(cache.features());
    text.answers(cache.answers());
    text.structure(cache.structure());
    text.samples(cache.samples());
    text.quarantine(cache.quarantine());
    text.views(cache.views());
    text.folders(report);
    return text.text.toString().stripTrailing();
  }

  private void add(String title, TextTable table) {
    if (!table.isEmpty()) {
      String line = System.lineSeparator();
      text.append(line).append(title).append(line).append(table.text());
    }
  }

  private void tables(CacheStats cache) {
    var table = new TextTable("table", "rows", "files", "size", "besides", "version", "committed");
    for (CacheStats.Table t : cache.tables()) {
      if (t.version() < 0) {
        table.add(t.name(), "-", "-", "-", "-", "-", "no such table yet");
      } else {
        table.add(
            t.name(),
            t.rows(),
            t.files(),
            TextTable.bytes(t.bytes()),
            TextTable.bytes(t.otherBytes()),
            String.valueOf(t.version()),
            t.committed());
      }
    }
    add(
        "Tables (newest versions; besides: files that older ones or none name, which gc takes in time)",
        table);
  }

  private void features(List<CacheStats.Features> groups) {
    var table = new TextTable("teacher", "encoder", "view", "encoding", "rows", "size", "each");
    for (CacheStats.Features g : groups) {
      table.add(
          g.teacher(),
          brief(g.encoder()),
          g.view(),
          g.encoding(),
          g.rows(),
          TextTable.bytes(g.bytes()),
          each(g.bytes(), g.rows()));
    }
    add("Features", table);
  }

  private void answers(List<CacheStats.Answers> groups) {
    var table =
        new TextTable("teacher", "decoder", "encoding", "asked", "rows", "images", "size", "each");
    for (CacheStats.Answers g : groups) {
      table.add(
          named(g.teacher()),
          brief(g.decoder()),
          g.encoding(),
          g.prompt(),
          g.rows(),
          g.images(),
          TextTable.bytes(g.bytes()),
          each(g.bytes(), g.rows()));
    }
    add("Answers", table);
  }

  private void structure(List<CacheStats.Structure> groups) {
    var table = new TextTable("teacher", "encoding", "layer", "radius", "rows", "size", "each");
    for (CacheStats.Structure g : groups) {
      table.add(
          named(g.teacher()),
          g.encoding(),
          g.layer(),
          String.valueOf(g.radius()),
          g.rows(),
          TextTable.bytes(g.bytes()),
          each(g.bytes(), g.rows()));
    }
    add("Structure", table);
  }

  private static String named(String teacher) {
    return teacher.isEmpty() ? "(features gone)" : teacher;
  }

  /** As {@link stillhouse.identity.Sha256#brief}, of a folder's name that may be none. */
  private static String brief(String digest) {
    return digest.substring(0, Math.min(12, digest.length()));
  }

  private static String each(long bytes, long rows) {
    return rows == 0 ? "-" : TextTable.bytes(bytes / rows);
  }

  private void samples(List<CacheStats.Split> splits) {
    var table = new TextTable("split", "images", "labelled", "unlabelled", "images with a class");
    for (CacheStats.Split s : splits) {
      String classes =
          s.classes().entrySet().stream()
              .map(c -> c.getKey() + " " + c.getValue())
              .collect(Collectors.joining(", "));
      table.add(s.split(), s.images(), s.labelled(), s.unlabelled(), classes);
    }
    add("Samples", table);
  }

  private void quarantine(List<CacheStats.Refused> refused) {
    var table = new TextTable("stage", "reason", "images");
    refused.forEach(r -> table.add(r.stage(), r.reason(), r.images()));
    add(
        "Quarantine (mend the files: the next ingest takes them, the next cache asks about them; its own stages' rows stay)",
        table);
  }

  private void views(List<CacheStats.View> views) {
    var table = new TextTable("view", "teacher", "rows", "size", "unfinished");
    for (CacheStats.View v : views) {
      String rows =
          v.rows().entrySet().stream()
              .map(r -> r.getKey() + " " + r.getValue())
              .collect(Collectors.joining(", "));
      table.add(
          brief(v.digest()),
          v.teacher().isEmpty() ? "-" : v.teacher(),
          rows.isEmpty() ? "never finished" : rows,
          TextTable.bytes(v.bytes()),
          v.attemptBytes() == 0 ? "" : TextTable.bytes(v.attemptBytes()));
    }
    add("Training views", table);
  }

  private void folders(StatsCommand.Report report) {
    var table = new TextTable("checkpoints of run", "trained", "files", "size");
    for (FolderSize f : report.checkpoints()) {
      String trained = report.trained().contains(f.name()) ? "yes" : "no";
      table.add(f.name(), trained, f.files(), TextTable.bytes(f.bytes()));
    }
    add("Checkpoints", table);
    text.append(System.lineSeparator())
        .append("Evaluations: ")
        .append(TextTable.bytes(report.evaluations().bytes()))
        .append("; staging of cache jobs: ")
        .append(TextTable.bytes(report.cache().stagingBytes()));
  }
}
