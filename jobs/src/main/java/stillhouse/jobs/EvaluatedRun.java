package stillhouse.jobs;

/** A run that was scored. */
record EvaluatedRun(Score score, RunTerms terms) {
  String name() {
    return score.name();
  }
}
