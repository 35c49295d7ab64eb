package stillhouse.jobs;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import stillhouse.conf.ConfFiles;
import stillhouse.conf.ConfigException;
import stillhouse.student.StudentConfig;

/**
 * What a sweep's file comes to: its lines, and the trainings of each.
 *
 * @param cells in the table's order: by student, share of labels, run
 */
record SweepGrid(SweepConfig config, List<SweepCell> cells) {
  /** One training: a line of the table with one seed. */
  record Trial(SweepCell cell, long seed) {
    String name() {
      return cell.runName(seed);
    }
  }

  /**
   * @param file of {@code config}, for messages
   * @throws ConfigException where a student or a recipe can't be read or trained so
   */
  static SweepGrid of(Path file, SweepConfig config, SweepOptions over) {
    List<SweepCell> cells = new ArrayList<>();
    for (String name : config.students()) {
      Path studentFile = ConfFiles.find("students", name);
      StudentConfig student = StudentConfig.load(studentFile);
      Set<Double> shares = new LinkedHashSet<>(config.labels());
      config.runs().forEach(run -> shares.addAll(run.shares(config.labels())));
      for (double share : shares) {
        for (SweepConfig.Run run : config.runs()) {
          if (run.shares(config.labels()).contains(share)) {
            cells.add(cell(file, config, studentFile, student, run, share, over));
          }
        }
      }
    }
    requireDistinct(file, cells);
    return new SweepGrid(config, List.copyOf(cells));
  }

  private static SweepCell cell(
      Path file,
      SweepConfig config,
      Path studentFile,
      StudentConfig student,
      SweepConfig.Run run,
      double share,
      SweepOptions over) {
    try {
      return SweepCell.of(config, studentFile, student, run, share, over);
    } catch (ConfigException e) {
      throw new ConfigException(
          "Invalid sweep %s: run %s: %s".formatted(file, run.name(), e.getMessage()), e);
    }
  }

  /** Two files of students may have one name, and one file may be listed in two ways. */
  private static void requireDistinct(Path file, List<SweepCell> cells) {
    Set<String> names = new LinkedHashSet<>();
    for (SweepCell cell : cells) {
      if (!names.add(cell.runName(0))) {
        throw new ConfigException(
            "Invalid sweep %s: two students are named %s (give each a name of its own; or one is listed twice, by name and by file: list it once)"
                .formatted(file, cell.student().name()));
      }
    }
  }

  /** Every line with the first seed, then every line with the next: what is stopped is paired. */
  List<Trial> trials() {
    List<Trial> trials = new ArrayList<>();
    for (long seed : config.seeds()) {
      cells.forEach(cell -> trials.add(new Trial(cell, seed)));
    }
    return trials;
  }

  /** The line that another is paired with; itself where it is the baseline. */
  SweepCell baseline(SweepCell cell) {
    double share = config.baselineShare(cell.labels()).orElseThrow();
    return cells.stream()
        .filter(c -> c.run().equals(config.baseline()) && c.labels() == share)
        .filter(c -> c.student().name().equals(cell.student().name()))
        .findFirst()
        .orElseThrow();
  }
}
