package stillhouse.htmlreport;

import java.util.ArrayList;
import java.util.List;
import stillhouse.cache.CacheStats;
import stillhouse.htmlreport.Table.Cell;

/** What students learned from: tables, teachers, questions. */
final class CacheSection {
  private CacheSection() {}

  static Section of(Findings f) {
    Cached cached = f.cached();
    List<Block> blocks = new ArrayList<>();
    if (!cached.asked().isEmpty()) {
      blocks.add(new Facts(facts(cached)));
    }
    if (!cached.supervision().isEmpty()) {
      blocks.add(new Note("The teacher was " + cached.supervision() + "."));
    }
    blocks.add(tables(cached.stats()));
    if (cached.stats().features().isEmpty()) {
      blocks.add(
          new Note(
              "No teacher was asked in this workspace. This asks one:",
              f.commands()
                  .of(
                      "cache %s %s --teacher NAME"
                          .formatted(f.commands().data(), f.commands().root()))));
    } else {
      blocks.add(features(cached.stats()));
      blocks.add(answers(cached.stats()));
    }
    blocks.add(views(cached));
    return new Section(
        "cache",
        "What was learned from",
        "The workspace's tables as they are now, and what names the teacher's answers. A name is for people; identity is the"
            + " digests.",
        blocks);
  }

  private static List<Facts.Fact> facts(Cached cached) {
    List<Facts.Fact> facts = new ArrayList<>();
    cached.asked().forEach((name, value) -> facts.add(new Facts.Fact(name, value)));
    return facts;
  }

  private static Table tables(CacheStats stats) {
    var table = Table.of("Tables", "table", "version", "committed", "rows", "files", "bytes");
    for (CacheStats.Table t : stats.tables()) {
      if (t.version() >= 0) {
        table.row(
            t.name(),
            Cell.count(t.version()),
            Cell.text(t.committed()),
            Cell.count(t.rows()),
            Cell.count(t.files()),
            Figures.bytes(t.bytes()));
      }
    }
    return table.build();
  }

  private static Table features(CacheStats stats) {
    var table =
        Table.of(
            "Features", "teacher", "encoder", "preprocessing", "view", "encoding", "rows", "bytes");
    for (CacheStats.Features x : stats.features()) {
      table.row(
          x.teacher(),
          Cell.text(Figures.brief(x.encoder())),
          Cell.text(Figures.brief(x.preprocessing())),
          Cell.text(x.view()),
          Cell.text(x.encoding()),
          Cell.count(x.rows()),
          Figures.bytes(x.bytes()));
    }
    return table.build();
  }

  private static Table answers(CacheStats stats) {
    var table =
        Table.of(
            "Answers", "teacher", "decoder", "asked by", "encoding", "rows", "images", "bytes");
    for (CacheStats.Answers x : stats.answers()) {
      table.row(
          x.teacher(),
          Cell.text(Figures.brief(x.decoder())),
          Cell.text(x.prompt()),
          Cell.text(x.encoding()),
          Cell.count(x.rows()),
          Cell.count(x.images()),
          Figures.bytes(x.bytes()));
    }
    return table.build();
  }

  private static Table views(Cached cached) {
    var table = Table.of("The data that each run was trained on", "run", "training view");
    cached.views().forEach((run, view) -> table.row(run, Cell.text(Figures.brief(view))));
    return table.build();
  }
}
