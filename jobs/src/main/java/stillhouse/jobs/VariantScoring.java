package stillhouse.jobs;

import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import stillhouse.canary.Verdict;

/**
 * Scores a run's files of other precisions and its engines, each with its canary. One that says no
 * number of an image has no score: a mask of such would be background, and a mean without that
 * image would be of other images than FP32's. That is what its canary found, and the other files
 * are scored all the same.
 */
final class VariantScoring {
  private static final Logger log = LoggerFactory.getLogger(VariantScoring.class);

  private final StudentScoring students;
  private final VariantCanary canary;
  private final Map<String, Verdict> canaries = new LinkedHashMap<>();

  VariantScoring(StudentScoring students, VariantCanary canary) {
    this.students = students;
    this.canary = canary;
  }

  /**
   * @param fp32 the score of the run's FP32 file
   * @return empty of one that says no number
   */
  Optional<Score> score(Scored scored, Score fp32) throws IOException {
    String name = scored.name(RunRecord.read(scored.folder()).name());
    Optional<CanaryReport> known = canary.knownBroken(scored, fp32);
    if (known.isPresent()) {
      log.info("{} is known to say no number; --force evaluates it again", name);
      canaries.put(name, known.get().verdict());
      return Optional.empty();
    }
    try {
      Score score = students.score(scored);
      canaries.put(name, canary.of(scored, fp32, score).verdict());
      return Optional.of(score);
    } catch (Exception e) { // Spark's are checked, and not declared
      Optional<String> broken = Failure.ofBrokenNetwork(e);
      if (broken.isEmpty()) {
        throw e;
      }
      log.warn("{} is not scored: {}", name, broken.get());
      canaries.put(name, canary.broken(scored, fp32, broken.get()).verdict());
      return Optional.empty();
    }
  }

  /** What was found so far, by name, in the order of the files. */
  Map<String, Verdict> canaries() {
    return canaries;
  }
}
