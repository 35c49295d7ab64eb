package stillhouse.jobs;

import java.nio.file.Files;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.functions;
import stillhouse.cache.CacheTables;
import stillhouse.cache.ViewRows;
import stillhouse.data.Samples;
import stillhouse.data.Split;
import stillhouse.train.Experiment;

/** What a sweep would train: nothing is written, and the teacher isn't asked. */
final class SweepPlan {
  private final SparkSession spark;
  private final RootOption root;
  private final SweepGrid grid;
  private final int ranks;
  private final List<RunRecord> trained;
  private final Map<String, Long> counted = new HashMap<>();

  SweepPlan(SparkSession spark, RootOption root, SweepGrid grid, int ranks) {
    this.spark = spark;
    this.root = root;
    this.grid = grid;
    this.ranks = ranks;
    this.trained = RunRecord.finished(root.runs()).stream().map(RunRecord::read).toList();
  }

  /**
   * One line of the grid.
   *
   * @param images of a training, before those are left out that can't be read or were not cached
   * @param steps of a training
   * @param open trainings that are to be done
   * @param like a run that was trained so, or much so; empty where none was
   */
  record Line(SweepCell cell, long images, long steps, int open, Optional<RunRecord> like) {
    /** Of training alone; 0 where nothing is known. */
    double seconds() {
      return like.map(run -> open * steps * run.seconds() / run.steps()).orElse(0.0);
    }
  }

  String text() {
    List<Line> lines = grid.cells().stream().map(this::line).toList();
    SweepConfig config = grid.config();
    TextTable table =
        new TextTable(
            "run", "student", "recipe", "labels", "grid", "images", "steps", "batch", "rate",
            "left");
    lines.forEach(line -> table.add(cells(line)));
    return String.format(
            "%nSweep %s: %d runs by seeds %s, ranks %d, split %s, baseline %s%n%n",
            config.name(), lines.size(), config.seeds(), ranks, config.split(), config.baseline())
        + table.text()
        + System.lineSeparator()
        + estimate(lines);
  }

  private Object[] cells(Line line) {
    SweepCell cell = line.cell();
    var training = cell.recipe().training();
    boolean taught = Experiment.needsTeacher(cell.recipe());
    return new Object[] {
      cell.run(),
      cell.student().name(),
      cell.source().getFileName(),
      RunName.percent(cell.labels()) + " %",
      taught ? cell.recipe().alignment().text().asText() : "-",
      line.images(),
      line.steps(),
      training.batch(),
      training.optimizer().learningRate(),
      line.open() + " of " + grid.config().seeds().size()
    };
  }

  /** In words; a rate is a trained run's, so that nothing is guessed. */
  static String estimate(List<Line> lines) {
    int open = lines.stream().mapToInt(Line::open).sum();
    int unknown = lines.stream().filter(l -> l.like().isEmpty()).mapToInt(Line::open).sum();
    if (open == 0) {
      return "All of it is trained.";
    }
    if (unknown == open) {
      return "How long it takes is not known: no run of these students is trained here yet on as many ranks, with this batch.";
    }
    String seconds = SweepProgress.duration(lines.stream().mapToDouble(Line::seconds).sum());
    String rest = unknown == 0 ? "" : " and %d runs of which no rate is known".formatted(unknown);
    return "About %s of training%s, at the rate of runs that are trained here; export and evaluation come on top."
        .formatted(seconds, rest);
  }

  private Line line(SweepCell cell) {
    long images = counted.computeIfAbsent(read(cell), c -> images(cell));
    int batch = cell.recipe().training().batch();
    int stepsPerEpoch = Math.toIntExact(Math.max(1, (images + batch - 1) / batch));
    long steps = (long) cell.options().epochs(cell.recipe(), stepsPerEpoch) * stepsPerEpoch;
    return new Line(cell, images, steps, open(cell), like(cell));
  }

  private static String read(SweepCell cell) {
    return Experiment.needsTeacher(cell.recipe()) ? "all" : String.valueOf(cell.labels());
  }

  /** A recipe of labels alone reads the images whose labels count, another one all of them. */
  private long images(SweepCell cell) {
    boolean taught = Experiment.needsTeacher(cell.recipe());
    Dataset<Row> samples =
        taught
            ? CacheTables.of(root.uri()).samples(spark)
            : ViewRows.labelled(spark, root.uri()).where(ViewMaker.counts(cell.labels()));
    return samples.where(functions.col(Samples.SPLIT).equalTo(Split.TRAIN.label())).count();
  }

  private int open(SweepCell cell) {
    return (int)
        grid.config().seeds().stream()
            .map(seed -> root.runs().resolve(cell.runName(seed)).resolve(RunRecord.FILE))
            .filter(record -> !Files.exists(record))
            .count();
  }

  /** A run of this student, batch and number of ranks; of this very line first. */
  private Optional<RunRecord> like(SweepCell cell) {
    return trained.stream()
        .filter(run -> run.student().equals(cell.student().name()) && run.ranks() == ranks)
        .filter(run -> run.batch() == cell.recipe().training().batch() && run.steps() > 0)
        .filter(run -> run.seconds() > 0)
        .min(Comparator.comparing(run -> !run.recipe().equals(cell.recipe().name())));
  }
}
