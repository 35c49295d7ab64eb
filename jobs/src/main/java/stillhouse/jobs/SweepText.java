package stillhouse.jobs;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.OptionalDouble;
import java.util.stream.Collectors;
import stillhouse.metrics.Metric;
import stillhouse.metrics.PairedBootstrap.Difference;

/** A sweep's table for a console and as Markdown: the same cells, the same words below. */
record SweepText(SweepTable table) {
  private static final String NONE = "-";

  String console() {
    TextTable text = new TextTable(head().toArray(String[]::new));
    lines().forEach(line -> text.add(line.toArray()));
    return "%n%s, split %s%n%n%s%n%s"
        .formatted(
            table.config().name(),
            table.config().split(),
            text.text(),
            String.join(System.lineSeparator(), notes()));
  }

  /**
   * @param picture of the table, beside the file
   */
  String markdown(String picture) {
    List<String> text = new ArrayList<>();
    text.add("# " + table.config().name());
    text.add("");
    if (!table.config().description().isEmpty()) {
      text.add(table.config().description());
      text.add("");
    }
    table.facts().forEach((what, words) -> text.add("- " + what + ": " + words));
    text.add("- baseline: " + table.config().baseline() + "; seeds: " + table.config().seeds());
    text.add("");
    text.add(row(head()));
    text.add(row(head().stream().map(h -> "---").toList()));
    lines().forEach(line -> text.add(row(line)));
    text.add("");
    notes().forEach(note -> text.add("- " + note));
    text.add("");
    text.add("![" + table.config().name() + "](" + picture + ")");
    return String.join("\n", text) + "\n";
  }

  private static String row(List<String> cells) {
    return cells.stream()
        .map(cell -> cell.replace("|", "\\|"))
        .collect(Collectors.joining(" | ", "| ", " |"));
  }

  private List<String> head() {
    List<String> head = new ArrayList<>(List.of("run"));
    if (table.severalStudents()) {
      head.add("student");
    }
    if (table.severalShares()) {
      head.add("labels");
    }
    head.add("seeds");
    for (Metric metric : table.config().metrics()) {
      head.add(called(metric));
      head.add(called(metric) + " − " + table.config().baseline());
    }
    head.add("training s");
    return head;
  }

  private List<List<String>> lines() {
    List<List<String>> lines = new ArrayList<>();
    table.teacher().ifPresent(teacher -> lines.add(teacher(teacher)));
    table.rows().forEach(row -> lines.add(line(row)));
    return lines;
  }

  private List<String> teacher(Score score) {
    List<String> line = new ArrayList<>(List.of("teacher " + score.name()));
    if (table.severalStudents()) {
      line.add(NONE);
    }
    if (table.severalShares()) {
      line.add(NONE);
    }
    line.add(NONE);
    for (Metric metric : table.config().metrics()) {
      Double value = score.metrics().get(metric.key());
      line.add(value == null ? NONE : share(value));
      line.add(NONE);
    }
    line.add(NONE);
    return line;
  }

  private List<String> line(SweepTable.Row row) {
    List<String> line = new ArrayList<>(List.of(row.cell().run()));
    if (table.severalStudents()) {
      line.add(row.cell().student().name());
    }
    if (table.severalShares()) {
      line.add(RunName.percent(row.cell().labels()) + " %");
    }
    int all = table.config().seeds().size();
    line.add(row.done().size() == all ? String.valueOf(all) : row.done().size() + " of " + all);
    for (Metric metric : table.config().metrics()) {
      line.add(row.spread(metric).map(s -> share(s.mean())).orElse(NONE));
      line.add(row.versus().map(v -> difference(v, metric)).orElse(NONE));
    }
    line.add(
        row.seconds().stream()
            .mapToObj(s -> String.format(Locale.ROOT, "%.0f", s) + timed(row))
            .findFirst()
            .orElse(NONE));
    return line;
  }

  private static String timed(SweepTable.Row row) {
    int all = row.done().size();
    int known = all - row.untimed().size();
    return known == all ? "" : " (" + known + " of " + all + ")";
  }

  private static String difference(SweepTable.Versus versus, Metric metric) {
    Difference images = versus.images().get(metric);
    OptionalDouble margin = versus.comparison().spread(metric).margin();
    String seeds =
        margin.isPresent() ? String.format(Locale.ROOT, " ± %.4f", margin.getAsDouble()) : "";
    return RecipeComparison.interval(images) + seeds + (equal(versus) ? "" : " UNEQUAL");
  }

  private static boolean equal(SweepTable.Versus versus) {
    return versus.comparison().equalWork();
  }

  private List<String> notes() {
    List<String> notes = new ArrayList<>();
    notes.add(
        "Differences: the mean over seeds that both runs have, seed by seed, [95 %% of %d paired draws of image groups, the same for all seeds]."
            .formatted(RunDraws.BOOTSTRAP.resamples()));
    notes.add(
        "± is half the 95 % interval over seeds, t(0.975, n − 1) · s / √n; of fewer than three pairs there is none.");
    table.rows().stream()
        .filter(row -> !row.equalWork())
        .forEach(row -> notes.add(table.title(row) + " UNEQUAL: " + terms(row)));
    table.rows().forEach(row -> notes.addAll(row.unpaired()));
    table.rows().stream()
        .flatMap(row -> row.done().stream())
        .flatMap(done -> done.evaluated().flattered().stream())
        .forEach(notes::add);
    List<String> untimed = table.rows().stream().flatMap(r -> r.untimed().stream()).toList();
    if (!untimed.isEmpty()) {
      notes.add(
          "The training seconds leave out what an older version trained in parts: "
              + String.join(", ", untimed)
              + ".");
    }
    table.failures().forEach(failed -> notes.add(failed.toString()));
    table
        .teacher()
        .map(Score::supervision)
        .filter(words -> !words.isEmpty())
        .ifPresent(words -> notes.add("The teacher was " + words + "."));
    return notes;
  }

  private static String terms(SweepTable.Row row) {
    return row.versus().stream()
        .flatMap(v -> v.comparison().seeds().stream())
        .map(s -> s.pair().candidate().terms() + ", the baseline " + s.pair().baseline().terms())
        .findFirst()
        .orElse("");
  }

  /** A metric as a reader calls it. */
  static String called(Metric metric) {
    return switch (metric) {
      case IOU -> "IoU";
      case BOUNDARY_IOU -> "boundary IoU";
      case DICE -> "Dice";
    };
  }

  private static String share(double value) {
    return String.format(Locale.ROOT, "%.4f", value);
  }
}
