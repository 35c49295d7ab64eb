package stillhouse.jobs;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import stillhouse.conf.ConfigException;

/**
 * Evaluated runs of one recipe beside those of another: pairs that differ in the recipe alone.
 *
 * @param pairs in the order of their seeds
 * @param alone a sentence for each run that has no counterpart
 */
record RunPairs(List<Pair> pairs, List<String> alone) {
  /**
   * Two runs of equal student, labels, split and seed; a run and another tool's masks; or any two
   * scores of one split.
   */
  record Pair(EvaluatedRun baseline, EvaluatedRun candidate) {
    long seed() {
      return trained().seed();
    }

    /** The score that says which student, labels and seed the pair is of. */
    Score trained() {
      return (baseline.isOfPredictions() ? candidate : baseline).score();
    }

    boolean equalWork() {
      return !baseline.isTrained()
          || !candidate.isTrained()
          || baseline.terms().equalWork(candidate.terms());
    }

    /**
     * @param unequal whether the two may differ in steps and batch
     * @throws ConfigException where they differ, or were scored on different images
     */
    void require(boolean unequal) {
      if (!unequal && !equalWork()) {
        throw new ConfigException(
            "Cannot compare %s (%s) with %s (%s): their steps or batch differ. Train them alike (--steps, --batch), or give --unequal to compare them all the same."
                .formatted(candidate.name(), candidate.terms(), baseline.name(), baseline.terms()));
      }
      requireSameImages();
    }

    /**
     * @throws ConfigException where they were scored on different images, or on other labels
     */
    void requireSameImages() {
      String left = baseline.score().samples();
      String right = candidate.score().samples();
      if (!left.equals(right)) {
        throw new ConfigException(
            "Cannot compare %s with %s: they were scored on different images (%s, %s). Run the evaluate job on both again."
                .formatted(candidate.name(), baseline.name(), known(right), known(left)));
      }
    }

    private static String known(String samples) {
      return samples.isEmpty() ? "not recorded" : samples;
    }
  }

  /** What two runs must have in common. */
  private record Terms(String student, double labels, String split, long seed) {
    static Terms of(EvaluatedRun run) {
      Score s = run.score();
      return new Terms(s.student(), s.labels(), s.split(), s.seed());
    }

    @Override
    public String toString() {
      return "student " + student + ", labels " + labels + ", split " + split + ", seed " + seed;
    }
  }

  /**
   * @param runs of one student, one share of labels and one split, or of several
   * @throws ConfigException where two runs of a recipe have all terms in common
   */
  static RunPairs of(List<EvaluatedRun> runs, String baseline, String candidate) {
    if (isOfPredictions(runs, baseline) || isOfPredictions(runs, candidate)) {
      return crossed(runs, baseline, candidate);
    }
    Map<Terms, EvaluatedRun> left = byTerms(runs, baseline);
    Map<Terms, EvaluatedRun> right = byTerms(runs, candidate);
    List<Pair> pairs = new ArrayList<>();
    List<String> alone = new ArrayList<>();
    left.forEach(
        (terms, run) -> {
          if (right.containsKey(terms)) {
            pairs.add(new Pair(run, right.get(terms)));
          } else {
            alone.add(sentence(run, candidate, terms));
          }
        });
    right.forEach(
        (terms, run) -> {
          if (!left.containsKey(terms)) {
            alone.add(sentence(run, baseline, terms));
          }
        });
    return new RunPairs(List.copyOf(pairs), List.copyOf(alone));
  }

  private static boolean isOfPredictions(List<EvaluatedRun> runs, String recipe) {
    return runs.stream().anyMatch(r -> r.isOfPredictions() && r.score().recipe().equals(recipe));
  }

  /** Another tool's masks beside every run of the other recipe on the same split. */
  private static RunPairs crossed(List<EvaluatedRun> runs, String baseline, String candidate) {
    List<Pair> pairs = new ArrayList<>();
    for (EvaluatedRun left : ofRecipe(runs, baseline)) {
      for (EvaluatedRun right : ofRecipe(runs, candidate)) {
        if (left.score().split().equals(right.score().split())) {
          pairs.add(new Pair(left, right));
        }
      }
    }
    return new RunPairs(
        List.copyOf(pairs),
        pairs.isEmpty()
            ? List.of(baseline + " and " + candidate + ": not evaluated on the same split")
            : List.of());
  }

  private static List<EvaluatedRun> ofRecipe(List<EvaluatedRun> runs, String recipe) {
    return runs.stream()
        .filter(r -> r.score().recipe().equals(recipe))
        .sorted(Comparator.comparingLong(r -> r.score().seed()))
        .toList();
  }

  private static Map<Terms, EvaluatedRun> byTerms(List<EvaluatedRun> runs, String recipe) {
    Map<Terms, EvaluatedRun> found = new LinkedHashMap<>();
    ofRecipe(runs, recipe)
        .forEach(
            run -> {
              EvaluatedRun other = found.put(Terms.of(run), run);
              if (other != null) {
                throw new ConfigException(
                    "Cannot tell which run of recipe "
                        + recipe
                        + " to compare: "
                        + other.name()
                        + " and "
                        + run.name()
                        + " are both of "
                        + Terms.of(run)
                        + ". Move one out of the folder of runs.");
              }
            });
    return found;
  }

  private static String sentence(EvaluatedRun run, String missing, Terms terms) {
    return run.name() + ": no evaluated run of recipe " + missing + " has " + terms;
  }
}
