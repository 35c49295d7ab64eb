package stillhouse.jobs;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.hadoop.conf.Configuration;
import stillhouse.conf.ConfigException;
import stillhouse.htmlreport.Commands;
import stillhouse.identity.Sha256;
import stillhouse.tensorrt.EngineManifest;

/**
 * The scores of a workspace that a report tells of.
 *
 * @param scores teachers, then each run's FP32 file and the others, then other tools' masks
 * @param records of the runs, by name
 * @param folders of the runs, by name
 * @param remarks what is to be said of all of it
 */
record ReportedScores(
    String split,
    List<Scored> scores,
    Map<String, RunRecord> records,
    Map<String, Path> folders,
    List<String> remarks) {
  /**
   * @param run whose file it is; empty where it is no run's
   * @param precision of its file, behind a dot {@code tensorrt} for the engine of that file; empty
   *     where it is no run's
   * @param folder that the score lies in
   */
  record Scored(
      Score score, Optional<RunRecord> run, String precision, Path folder, List<String> remarks) {
    private static final String ENGINE = "." + ScoredEngine.WORD;

    /**
     * @param file that the engine should be of, as it is now
     */
    static Scored engine(Score score, RunRecord record, Variant of, Path folder, Path file) {
      List<String> remarks = new ArrayList<>();
      Optional<String> built = EngineManifest.read(folder).map(m -> m.onnx().sha256());
      if (Files.isRegularFile(file) && !built.equals(Optional.of(Sha256.ofFile(file).hex()))) {
        remarks.add(
            "its score is of an engine of another file than %s is now; build and evaluate it again"
                .formatted(of.file()));
      }
      EvaluatedRun.of(score, record).flattered().ifPresent(remarks::add);
      return new Scored(score, Optional.of(record), of.word() + ENGINE, folder, remarks);
    }

    static Scored other(Score score, Path folder) {
      return new Scored(score, Optional.empty(), "", folder, List.of());
    }

    boolean isEngine() {
      return precision.endsWith(ENGINE);
    }
  }

  /**
   * @throws ConfigException where there is none, a run that was named has none, or a table that one
   *     follows from is gone
   */
  static ReportedScores of(RunSelection runs, String split, Commands typed, Configuration hadoop) {
    List<String> remarks = new ArrayList<>();
    Map<String, RunRecord> records = new LinkedHashMap<>();
    Map<String, Path> folders = new LinkedHashMap<>();
    List<Scored> students = new ArrayList<>();
    List<String> unscored = new ArrayList<>();
    for (Path folder : runs.foldersIfAny()) {
      RunRecord record = RunRecord.read(folder);
      List<Scored> ofRun = ofRun(folder, record, split);
      if (ofRun.isEmpty()) {
        unscored.add(record.name());
      } else {
        records.put(record.name(), record);
        folders.put(record.name(), folder);
        students.addAll(ofRun);
      }
    }
    if (runs.isNamed() && !unscored.isEmpty()) {
      throw new ConfigException(
          "Cannot report on %s: not evaluated on split %s. Run: bin/stillhouse evaluate %s %s %s --run %s --split %s"
              .formatted(
                  unscored,
                  split,
                  typed.data(),
                  typed.root(),
                  typed.teacher(),
                  String.join(",", unscored),
                  split));
    }
    if (!unscored.isEmpty()) {
      remarks.add(
          "Not evaluated on split %s, so not in this report: %s"
              .formatted(split, String.join(", ", unscored)));
    }
    List<Scored> all = new ArrayList<>(kept(runs.root(), "_teachers", split));
    all.addAll(students);
    all.addAll(kept(runs.root(), "_predictions", split));
    if (students.isEmpty()) {
      throw new ConfigException(
          "No evaluated run in %s on split %s. Run: bin/stillhouse evaluate %s %s %s --split %s"
              .formatted(
                  runs.root().runs(), split, typed.data(), typed.root(), typed.teacher(), split));
    }
    requireImages(all, runs.root(), hadoop, typed);
    otherImages(all).ifPresent(remarks::add);
    return new ReportedScores(split, all, records, folders, remarks);
  }

  private static List<Scored> ofRun(Path folder, RunRecord record, String split) {
    List<Scored> found = new ArrayList<>();
    Score.read(folder, split).ifPresent(s -> found.add(scored(s, record, folder, Variant.FP32)));
    if (found.isEmpty()) {
      return found;
    }
    List<Variant> files = new ArrayList<>(List.of(Variant.FP32));
    for (VariantNote note : VariantNote.read(folder)) {
      Variant variant = Variant.of(note.variant()).orElseThrow();
      files.add(variant);
      Score.read(new ScoredFile(folder, variant).scores(), split)
          .ifPresent(s -> found.add(scored(s, record, folder, variant)));
    }
    for (Variant variant : files) {
      Path engine = variant.engine(folder);
      Score.read(engine, split)
          .map(s -> Scored.engine(s, record, variant, engine, folder.resolve(variant.file())))
          .ifPresent(found::add);
    }
    return found;
  }

  private static Scored scored(Score score, RunRecord record, Path folder, Variant variant) {
    List<String> remarks = new ArrayList<>();
    Path file = folder.resolve(variant.file());
    if (Files.isRegularFile(file)
        && !score.model().isEmpty()
        && !score.model().equals(Sha256.ofFile(file).hex())) {
      remarks.add(
          "its score is of another file than %s is now; evaluate it again"
              .formatted(variant.file()));
    }
    EvaluatedRun.of(score, record).flattered().ifPresent(remarks::add);
    return new Scored(score, Optional.of(record), variant.word(), variant.scores(folder), remarks);
  }

  /** Scores of what is no run's: a folder each, whose name ends with the split. */
  private static List<Scored> kept(RootOption root, String kind, String split) {
    Path folder = root.runs().resolve(kind);
    if (!Files.isDirectory(folder)) {
      return List.of();
    }
    try (var folders = Files.list(folder)) {
      return folders
          .sorted()
          .flatMap(f -> Score.read(f, split).map(s -> Scored.other(s, f)).stream())
          .toList();
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot list " + folder, e);
    }
  }

  private static void requireImages(
      List<Scored> all, RootOption root, Configuration hadoop, Commands typed) {
    for (Scored scored : all) {
      Score score = scored.score();
      if (!score.hasImages(root, hadoop)) {
        throw new ConfigException(
            "Cannot report on %s: its table of per-image counts %s is gone. Run: bin/stillhouse evaluate %s %s %s --split %s --force"
                .formatted(
                    score.name(),
                    root.absolute(score.images()),
                    typed.data(),
                    typed.root(),
                    typed.teacher(),
                    score.split()));
      }
    }
  }

  private static Optional<String> otherImages(List<Scored> all) {
    long sets = all.stream().map(s -> s.score().samples()).distinct().count();
    return sets == 1
        ? Optional.empty()
        : Optional.of(
            "Not all of these models were scored on the same images: their figures can't be compared one by one. Evaluate them together.");
  }

  /** The score of a run's FP32 file. */
  Optional<Score> whole(String run) {
    return scores.stream()
        .filter(s -> s.precision().equals(Variant.FP32.word()))
        .filter(s -> s.run().filter(r -> r.name().equals(run)).isPresent())
        .map(Scored::score)
        .findFirst();
  }

  /** How many images all of them were scored on; 0 where they differ. */
  long images() {
    long[] counts =
        scores.stream()
            .mapToLong(s -> s.score().metrics().getOrDefault("images", 0.0).longValue())
            .distinct()
            .toArray();
    return counts.length == 1 ? counts[0] : 0;
  }
}
