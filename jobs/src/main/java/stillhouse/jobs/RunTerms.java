package stillhouse.jobs;

import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;

/**
 * How long and on what a run was trained, beside recipe, student, labels and seed.
 *
 * @param batch 0 where the run's record is from before it was kept
 * @param learningRate the peak; 0 as above
 * @param view digest of the rows that it read
 */
record RunTerms(long steps, int batch, double learningRate, String view) {
  // --steps rounds up to whole epochs, whose lengths differ from view to view.
  private static final double STEPS_TOLERANCE = 0.05;

  static RunTerms of(RunRecord run) {
    return new RunTerms(run.steps(), run.batch(), run.learningRate(), run.viewDigest());
  }

  /** Equal batches, and as many steps but for a twentieth. */
  boolean equalWork(RunTerms other) {
    return batch == other.batch
        && Math.abs(steps - other.steps) <= STEPS_TOLERANCE * Math.max(steps, other.steps);
  }

  Map<String, Object> toMap() {
    Map<String, Object> map = new LinkedHashMap<>();
    map.put("steps", steps);
    map.put("batch", batch);
    map.put("learning_rate", learningRate);
    map.put("view", view);
    return map;
  }

  @Override
  public String toString() {
    String brief = view.substring(0, Math.min(12, view.length()));
    return batch == 0
        ? steps + " steps, batch and learning rate not recorded, view " + brief
        : String.format(
            Locale.ROOT, "%d steps of %d at %s, view %s", steps, batch, learningRate, brief);
  }
}
