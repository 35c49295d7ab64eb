package stillhouse.jobs;

/** A run that was scored. */
record EvaluatedRun(Score score, RunTerms terms) {
  /** Another tool's masks: what they were made by is not known. */
  static EvaluatedRun ofPredictions(Score score) {
    return new EvaluatedRun(score, new RunTerms(0, 0, 0, ""));
  }

  boolean isOfPredictions() {
    return score.isOfPredictions();
  }

  /** How it was trained, for a person. */
  String made() {
    return isOfPredictions() ? "another tool's masks" : terms.toString();
  }

  String name() {
    return score.name();
  }
}
