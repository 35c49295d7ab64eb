package stillhouse.jobs;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.sql.SparkSession;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import stillhouse.conf.ConfigException;
import stillhouse.data.Split;
import stillhouse.identity.Sha256;
import stillhouse.predict.ImageTable;

/** Whether one recipe is better than another, image by image and over seeds; or one score. */
@Command(
    name = "compare",
    mixinStandardHelpOptions = true,
    description =
        "Pairs evaluated runs of two recipes, or any two scores of the same images, and gives the differences with their intervals.")
final class CompareCommand implements Callable<Integer> {
  private static final Logger log = LoggerFactory.getLogger(CompareCommand.class);
  @Mixin private RootOption root;

  @Option(
      names = "--baseline",
      paramLabel = "RECIPE",
      description = "what is subtracted; a recipe, or a name of evaluate's --predictions")
  private String baseline;

  @Option(
      names = "--candidate",
      split = ",",
      paramLabel = "RECIPE",
      description =
          "recipes, or names of --predictions, that are held against the baseline, each by itself")
  private List<String> candidates = List.of();

  @Option(
      names = "--pair",
      split = ",",
      paramLabel = "A,B",
      description =
          "in place of recipes two scores, by the names of evaluate's table: B is held against A. Runs, their other files (RUN.int8) and engines (RUN.tensorrt), teachers, names of --predictions")
  private List<String> pair = List.of();

  @Option(names = "--student", paramLabel = "NAME", description = "runs of this student only")
  private String student;

  @Option(names = "--labels", paramLabel = "F", description = "runs with this share of labels only")
  private Double labels;

  @Option(
      names = "--unequal",
      description = "compare runs too whose steps differ by more than 5 %%, or whose batches do")
  private boolean unequal;

  @Option(names = "--out", paramLabel = "FILE", description = "also write the figures as JSON")
  private Path out;

  /** Runs that differ in seed alone. */
  private record Terms(String candidate, String student, double labels, String split) {
    static Terms of(String candidate, RunPairs.Pair pair) {
      Score score = pair.trained();
      return new Terms(candidate, score.student(), score.labels(), score.split());
    }
  }

  @Override
  public Integer call() {
    if (!pair.isEmpty()) {
      return comparePair();
    }
    if (baseline == null || candidates.isEmpty()) {
      throw new ConfigException(
          "Nothing to compare: give --baseline RECIPE and --candidate RECIPE, or --pair A,B");
    }
    requireDistinct();
    List<String> alone = new ArrayList<>();
    List<EvaluatedRun> runs = runs(alone);
    Map<Terms, List<RunPairs.Pair>> wanted = new LinkedHashMap<>();
    for (String candidate : candidates) {
      RunPairs found = RunPairs.of(runs, baseline, candidate);
      alone.addAll(found.alone());
      for (RunPairs.Pair pair : found.pairs()) {
        pair.require(unequal);
        wanted.computeIfAbsent(Terms.of(candidate, pair), t -> new ArrayList<>()).add(pair);
      }
    }
    if (wanted.isEmpty()) {
      throw new ConfigException(
          "No two runs to compare in " + root.runs() + ":\n  - " + String.join("\n  - ", alone));
    }
    List<RecipeComparison> comparisons = new ArrayList<>();
    try (var session = JobSession.open("compare")) {
      wanted.forEach((terms, pairs) -> comparisons.add(compare(session.spark(), terms, pairs)));
    }
    report(comparisons, alone);
    return 0;
  }

  private int comparePair() {
    if (baseline != null || !candidates.isEmpty() || student != null || labels != null || unequal) {
      throw new ConfigException(
          "Give --pair without --baseline, --candidate, --student, --labels and --unequal: it names two scores");
    }
    if (pair.size() != 2 || pair.get(0).equals(pair.get(1))) {
      throw new ConfigException(
          "Invalid --pair: %s (must be two names, A,B)".formatted(String.join(",", pair)));
    }
    var scores = new NamedScores(root, JobSession.hadoop());
    List<ScoreComparison> comparisons =
        PairedScores.of(scores.of(pair.get(0)), scores.of(pair.get(1))).compare(root);
    comparisons.forEach(c -> System.out.println(c.text()));
    System.out.println("\nAn interval: " + interval() + ".");
    List<String> flattered = comparisons.stream().flatMap(c -> c.flattered().stream()).toList();
    flattered.forEach(log::warn);
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("resamples", RunDraws.BOOTSTRAP.resamples());
    json.put("interval", "95 % of paired draws of image groups");
    json.put("over_seeds", ScoreComparison.OF_SEEDS);
    json.put("comparisons", comparisons.stream().map(ScoreComparison::toMap).toList());
    json.put("chosen_on_scored_split", flattered);
    write(json);
    return 0;
  }

  private static String interval() {
    return String.format(
        Locale.ROOT,
        "95 %% of %d paired draws of image groups (of more than %,d with Poisson weights)",
        RunDraws.BOOTSTRAP.resamples(),
        ImageTable.MOST_COLLECTED);
  }

  private void write(Map<String, Object> json) {
    if (out != null) {
      JsonFiles.write(out, json);
      log.info("Wrote {}", out);
    }
  }

  /** A recipe named twice would count each of its seeds twice. */
  private void requireDistinct() {
    Set<String> named = new HashSet<>(Set.of(baseline));
    for (String candidate : candidates) {
      if (!named.add(candidate)) {
        throw new ConfigException(
            "Invalid --candidate: "
                + candidate
                + (candidate.equals(baseline) ? " (is the baseline)" : " (is named twice)"));
      }
    }
  }

  /** The runs of the recipes asked for; one without a score is named. */
  private List<EvaluatedRun> runs(List<String> alone) {
    List<EvaluatedRun> runs = new ArrayList<>();
    Configuration hadoop = JobSession.hadoop();
    List<String> there = new ArrayList<>();
    for (Path folder : RunRecord.finished(root.runs())) {
      RunRecord run = RunRecord.read(folder);
      there.add(run.recipe());
      if (!asked(run)) {
        continue;
      }
      Optional<Score> score = Score.read(folder);
      if (score.isEmpty()) {
        alone.add(run.name() + ": not evaluated yet; run the evaluate job on it");
      } else if (!score.get().hasImages(root, hadoop)) {
        alone.add(run.name() + ": no table " + score.get().images() + "; evaluate it again");
      } else if (isOfAnother(folder.resolve(RunRecord.ONNX), score.get())) {
        alone.add(run.name() + ": its score is of another ONNX file; evaluate it again");
      } else {
        runs.add(EvaluatedRun.of(score.get(), run));
      }
    }
    for (String recipe : asked()) {
      List<EvaluatedRun> predictions = predictions(recipe, hadoop, alone);
      if (!predictions.isEmpty()) {
        there.add(recipe);
        runs.addAll(predictions);
      }
    }
    requireRecipe(baseline, there);
    candidates.forEach(c -> requireRecipe(c, there));
    return runs;
  }

  private List<String> asked() {
    List<String> asked = new ArrayList<>(candidates);
    asked.add(0, baseline);
    return asked;
  }

  /** Another tool's masks of that name, on each split that they were scored on. */
  private List<EvaluatedRun> predictions(String name, Configuration hadoop, List<String> alone) {
    List<EvaluatedRun> found = new ArrayList<>();
    for (Split split : Split.values()) {
      Optional<Score> score = Score.read(Score.predictions(root, name, split.label()));
      if (score.isPresent() && !score.get().hasImages(root, hadoop)) {
        alone.add(name + ": no table " + score.get().images() + "; evaluate it again");
      } else {
        score.map(EvaluatedRun::untrained).ifPresent(found::add);
      }
    }
    return found;
  }

  private static boolean isOfAnother(Path onnx, Score score) {
    return !score.model().isEmpty()
        && Files.isRegularFile(onnx)
        && !score.model().equals(Sha256.ofFile(onnx).hex());
  }

  private boolean asked(RunRecord run) {
    return (run.recipe().equals(baseline) || candidates.contains(run.recipe()))
        && (student == null || student.equals(run.student()))
        && (labels == null || labels == run.labels());
  }

  private void requireRecipe(String recipe, List<String> there) {
    if (!there.contains(recipe)) {
      throw root.lacks(
          "No run of recipe "
              + recipe
              + " in "
              + root.runs()
              + ". Recipes there: "
              + there.stream().distinct().sorted().collect(Collectors.joining(", ")));
    }
  }

  private RecipeComparison compare(SparkSession spark, Terms terms, List<RunPairs.Pair> pairs) {
    var draws = new RunDraws(spark, root);
    return new RecipeComparison(
        baseline,
        terms.candidate(),
        terms.student(),
        terms.labels(),
        terms.split(),
        pairs.stream().map(p -> RunDraws.differences(p, draws.of(p))).toList());
  }

  private void report(List<RecipeComparison> comparisons, List<String> alone) {
    comparisons.forEach(c -> System.out.println(c.text()));
    System.out.println(
        "\nA seed's interval: "
            + interval()
            + "; it says nothing of other seeds."
            + "\nThe mean's interval, from three seeds on: "
            + SeedSpread.FORMULA
            + ".");
    List<String> flattered =
        comparisons.stream().flatMap(c -> c.flattered().stream()).distinct().toList();
    flattered.forEach(log::warn);
    alone.forEach(a -> log.warn("Not compared: {}", a));
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("resamples", RunDraws.BOOTSTRAP.resamples());
    json.put("seed_interval", "95 % of paired draws of image groups");
    json.put("over_seeds_interval", SeedSpread.FORMULA);
    json.put("comparisons", comparisons.stream().map(RecipeComparison::toMap).toList());
    json.put("chosen_on_scored_split", flattered);
    json.put("not_compared", alone);
    write(json);
  }
}
