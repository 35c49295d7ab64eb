package stillhouse.jobs;

import java.util.Optional;

/**
 * A run that was scored; or what is no run's and was scored too.
 *
 * @param validatedOn as {@link RunRecord#validatedOn}
 */
record EvaluatedRun(Score score, RunTerms terms, String validatedOn) {
  static EvaluatedRun of(Score score, RunRecord record) {
    return new EvaluatedRun(score, RunTerms.of(record), record.validatedOn());
  }

  /** Another tool's masks, or a teacher's answers: no training is known of them. */
  static EvaluatedRun untrained(Score score) {
    return new EvaluatedRun(score, new RunTerms(0, 0, 0, ""), "");
  }

  boolean isTrained() {
    return score.isOfStudent();
  }

  boolean isOfPredictions() {
    return score.isOfPredictions();
  }

  /** How it was trained, for a person. */
  String made() {
    if (isTrained()) {
      return terms.toString();
    }
    String told = isOfPredictions() ? "another tool's masks" : "a teacher's cached answers";
    return score.supervision().isEmpty() ? told : told + ", " + score.supervision();
  }

  String name() {
    return score.name();
  }

  /** What is to be said of a figure on the images by which the student was chosen. */
  Optional<String> flattered() {
    return validatedOn.equals(score.split())
        ? Optional.of(
            "%s: its checkpoint was chosen on split %s, the images that it is scored on, so its figures flatter it. Score it on another split (--split), or validate on another (--validate-split)."
                .formatted(name(), score.split()))
        : Optional.empty();
  }
}
