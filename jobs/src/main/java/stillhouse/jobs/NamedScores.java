package stillhouse.jobs;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.apache.hadoop.conf.Configuration;
import stillhouse.conf.ConfigException;
import stillhouse.data.Split;
import stillhouse.identity.Sha256;
import stillhouse.tensorrt.EngineManifest;

/**
 * The scores of a workspace by the names that tables give them: a run's, a file's of another
 * precision ({@code RUN.int8}), an engine's ({@code RUN.tensorrt}), another tool's masks', a
 * teacher's.
 */
final class NamedScores {
  /**
   * @param folder that the score lies in
   * @param classes foreground classes 1…K that it is of
   */
  record Named(EvaluatedRun scored, Path folder, List<String> classes) {
    String split() {
      return scored.score().split();
    }
  }

  /**
   * Where a score lies.
   *
   * @param run folder of the run whose file it is; empty where it is no run's
   * @param of of a run's: the file's precision, or of the file that the engine was built of
   */
  private record Place(Path folder, Optional<Path> run, Optional<Variant> of, boolean engine) {
    static Place alone(Path folder) {
      return new Place(folder, Optional.empty(), Optional.empty(), false);
    }
  }

  private final RootOption root;
  private final Configuration hadoop;
  private final Map<String, List<Place>> places = new TreeMap<>();

  NamedScores(RootOption root, Configuration hadoop) {
    this.root = root;
    this.hadoop = hadoop;
    RunRecord.finished(root.runs()).forEach(this::addRun);
    addOthers("_teachers");
    addOthers("_predictions");
  }

  private void addRun(Path run) {
    for (Variant variant : Variant.values()) {
      String name = new ScoredFile(run, variant).name(run.getFileName().toString());
      var of = Optional.of(variant);
      add(name, new Place(variant.scores(run), Optional.of(run), of, false));
      add(
          name + "." + ScoredEngine.WORD,
          new Place(variant.engine(run), Optional.of(run), of, true));
    }
  }

  /** What is no run's: a folder each, whose name ends with the split. */
  private void addOthers(String kind) {
    Path all = root.runs().resolve(kind);
    if (!Files.isDirectory(all)) {
      return;
    }
    try (var folders = Files.list(all)) {
      for (Path folder : folders.sorted().toList()) {
        for (Split split : Split.values()) {
          String name = folder.getFileName().toString();
          if (name.endsWith("-" + split.label())) {
            add(name.substring(0, name.length() - 1 - split.label().length()), Place.alone(folder));
          }
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot list " + all, e);
    }
  }

  private void add(String name, Place place) {
    if (Files.isRegularFile(place.folder().resolve(Score.FILE))) {
      places.computeIfAbsent(name, n -> new ArrayList<>()).add(place);
    }
  }

  /**
   * The scores of that name, one a split.
   *
   * @throws ConfigException where there is none, it is not known which is meant, or one is of
   *     another file than is there now
   */
  List<Named> of(String name) {
    if (!places.containsKey(name)) {
      throw root.lacks(
          "No score of %s in %s. Run the evaluate job on it, or give one of those there: %s"
              .formatted(name, root.runs(), String.join(", ", places.keySet())));
    }
    Map<String, Named> bySplit = new TreeMap<>();
    for (Place place : places.get(name)) {
      Named named = read(name, place);
      Named other = bySplit.put(named.split(), named);
      if (other != null) {
        throw new ConfigException(
            "Cannot tell which score of %s on split %s is meant: %s and %s. Move one out of the folder of runs."
                .formatted(name, named.split(), other.folder(), named.folder()));
      }
    }
    return List.copyOf(bySplit.values());
  }

  private Named read(String name, Place place) {
    Score score = Score.read(place.folder()).orElseThrow();
    if (!score.hasImages(root, hadoop)) {
      throw again(name, "no table " + score.images());
    }
    place
        .run()
        .filter(run -> isOfAnother(run.resolve(place.of().orElseThrow().file()), score, place))
        .ifPresent(
            run -> {
              throw again(
                  name,
                  "its score is of another file than %s is now"
                      .formatted(run.resolve(place.of().orElseThrow().file())));
            });
    EvaluatedRun scored =
        place
            .run()
            .map(run -> EvaluatedRun.of(score, RunRecord.read(run)))
            .orElseGet(() -> EvaluatedRun.untrained(score));
    return new Named(scored, place.folder(), classes(name, place.folder(), score.split()));
  }

  private static boolean isOfAnother(Path onnx, Score score, Place place) {
    Optional<String> scored =
        place.engine()
            ? EngineManifest.read(place.folder()).map(manifest -> manifest.onnx().sha256())
            : Optional.of(score.model()).filter(model -> !model.isEmpty());
    return scored.isPresent()
        && Files.isRegularFile(onnx)
        && !scored.get().equals(Sha256.ofFile(onnx).hex());
  }

  /** As the evaluation that lies beside the score has them: behind the foreground. */
  private static List<String> classes(String name, Path folder, String split) {
    Path file = folder.resolve(Scoring.evaluation(split));
    if (!Files.isRegularFile(file)) {
      throw again(name, "no file " + file);
    }
    JsonNode counts =
        JsonFiles.read(file, "Evaluate it again.", f -> JsonFiles.JSON.readTree(f)).path("counts");
    List<String> classes = new ArrayList<>();
    for (int c = 1; c < counts.size(); c++) {
      classes.add(counts.get(c).path("class").asText());
    }
    return classes;
  }

  private static ConfigException again(String name, String why) {
    return new ConfigException("Cannot compare %s: %s; evaluate it again".formatted(name, why));
  }
}
