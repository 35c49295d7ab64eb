package stillhouse.jobs;

import java.util.HashMap;
import java.util.Map;

/** The tags by which MLflow's pages say what made a run. */
final class JobTags {
  private JobTags() {}

  /**
   * @param job as on the command line
   * @param own the run's further tags
   */
  static Map<String, String> of(String job, Map<String, String> own) {
    Map<String, String> tags = new HashMap<>(own);
    tags.put("mlflow.source.name", "stillhouse " + job);
    tags.put("mlflow.source.type", "JOB");
    tags.put("mlflow.user", System.getProperty("user.name"));
    return tags;
  }
}
