package stillhouse.jobs;

import java.util.ArrayList;
import java.util.List;
import stillhouse.conf.ConfigException;

/**
 * Two scores beside each other, on each split that both are of.
 *
 * @param splits one at least
 */
record PairedScores(List<Split> splits) {
  /**
   * @param classes 1…K, of both
   */
  record Split(RunPairs.Pair pair, List<String> classes) {}

  /**
   * @param baselines scores of one name, one a split
   * @throws ConfigException where the two have no split in common, or other images or classes there
   */
  static PairedScores of(List<NamedScores.Named> baselines, List<NamedScores.Named> candidates) {
    List<Split> splits = new ArrayList<>();
    for (NamedScores.Named baseline : baselines) {
      for (NamedScores.Named candidate : candidates) {
        if (baseline.split().equals(candidate.split())) {
          splits.add(new Split(paired(baseline, candidate), baseline.classes()));
        }
      }
    }
    if (splits.isEmpty()) {
      throw new ConfigException(
          "Cannot compare %s with %s: they were scored on different splits (%s, %s). Run the evaluate job on both, of one --split."
              .formatted(
                  candidates.get(0).scored().name(),
                  baselines.get(0).scored().name(),
                  listed(candidates),
                  listed(baselines)));
    }
    return new PairedScores(List.copyOf(splits));
  }

  private static RunPairs.Pair paired(NamedScores.Named baseline, NamedScores.Named candidate) {
    var pair = new RunPairs.Pair(baseline.scored(), candidate.scored());
    if (!baseline.classes().equals(candidate.classes())) {
      throw new ConfigException(
          "Cannot compare %s with %s: they were scored on different classes (%s, %s)."
              .formatted(
                  pair.candidate().name(),
                  pair.baseline().name(),
                  candidate.classes(),
                  baseline.classes()));
    }
    pair.requireSameImages();
    return pair;
  }

  private static String listed(List<NamedScores.Named> scores) {
    return String.join(" and ", scores.stream().map(NamedScores.Named::split).toList());
  }

  List<ScoreComparison> compare(RootOption root) {
    try (var session = JobSession.open("compare")) {
      var draws = new RunDraws(session.spark(), root);
      return splits.stream()
          .map(s -> ScoreComparison.of(s.pair(), s.classes(), draws.of(s.pair())))
          .toList();
    }
  }
}
