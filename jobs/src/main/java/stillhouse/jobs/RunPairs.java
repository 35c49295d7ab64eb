package stillhouse.jobs;

import java.util.ArrayList;
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
  /** Two runs of equal student, labels, split and seed. */
  record Pair(Score baseline, Score candidate) {
    long seed() {
      return baseline.seed();
    }
  }

  /** What two runs must have in common. */
  private record Terms(String student, double labels, String split, long seed) {
    static Terms of(Score s) {
      return new Terms(s.student(), s.labels(), s.split(), s.seed());
    }

    @Override
    public String toString() {
      return "student " + student + ", labels " + labels + ", split " + split + ", seed " + seed;
    }
  }

  /**
   * @param scores of one student, one share of labels and one split, or of several
   * @throws ConfigException where two runs of a recipe have all terms in common
   */
  static RunPairs of(List<Score> scores, String baseline, String candidate) {
    Map<Terms, Score> left = byTerms(scores, baseline);
    Map<Terms, Score> right = byTerms(scores, candidate);
    List<Pair> pairs = new ArrayList<>();
    List<String> alone = new ArrayList<>();
    left.forEach(
        (terms, score) -> {
          if (right.containsKey(terms)) {
            pairs.add(new Pair(score, right.get(terms)));
          } else {
            alone.add(sentence(score, candidate, terms));
          }
        });
    right.forEach(
        (terms, score) -> {
          if (!left.containsKey(terms)) {
            alone.add(sentence(score, baseline, terms));
          }
        });
    return new RunPairs(List.copyOf(pairs), List.copyOf(alone));
  }

  private static Map<Terms, Score> byTerms(List<Score> scores, String recipe) {
    Map<Terms, Score> found = new LinkedHashMap<>();
    scores.stream()
        .filter(s -> s.recipe().equals(recipe))
        .sorted(java.util.Comparator.comparingLong(Score::seed))
        .forEach(
            s -> {
              Score other = found.put(Terms.of(s), s);
              if (other != null) {
                throw new ConfigException(
                    "Cannot tell which run of recipe "
                        + recipe
                        + " to compare: "
                        + other.name()
                        + " and "
                        + s.name()
                        + " are both of "
                        + Terms.of(s)
                        + ". Move one out of the folder of runs.");
              }
            });
    return found;
  }

  private static String sentence(Score score, String missing, Terms terms) {
    return score.name() + ": no evaluated run of recipe " + missing + " has " + terms;
  }
}
