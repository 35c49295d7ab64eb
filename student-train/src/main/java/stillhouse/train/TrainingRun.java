package stillhouse.train;

import java.io.Serializable;
import stillhouse.identity.Sha256;

/**
 * One run on a cluster.
 *
 * @param id names the run in reports, logs and the Spark UI
 * @param checkpoints where its checkpoints lie, any Hadoop path; a run resumes from what is there
 * @param ranks how many executors train together
 * @param identity of all that decides its weights: it resumes from no checkpoint of another
 * @param epochsPerJob epochs of one Spark job
 * @param checkpointEverySteps besides an epoch's end; 0 for never
 * @param keepCheckpoints how many committed ones stay
 * @param collectiveTimeoutSeconds past which a rank that waits for a peer halts its JVM; longer
 *     than the slowest step and than writing a checkpoint
 * @param reportEverySteps how often a step's metrics go to the driver
 */
public record TrainingRun(
    String id,
    String checkpoints,
    int ranks,
    TrainingPlan plan,
    Sha256 identity,
    int epochsPerJob,
    int checkpointEverySteps,
    int keepCheckpoints,
    int collectiveTimeoutSeconds,
    int reportEverySteps)
    implements Serializable {
  private static final long serialVersionUID = 1L;

  public TrainingRun {
    requireAtLeast(1, ranks, "ranks");
    requireAtLeast(1, epochsPerJob, "epochsPerJob");
    requireAtLeast(0, checkpointEverySteps, "checkpointEverySteps");
    requireAtLeast(1, keepCheckpoints, "keepCheckpoints");
    requireAtLeast(1, collectiveTimeoutSeconds, "collectiveTimeoutSeconds");
    requireAtLeast(1, reportEverySteps, "reportEverySteps");
    if (plan.batch() % ranks != 0) {
      throw new IllegalArgumentException(
          String.format(
              "Invalid batch: %d over %d ranks (the ranks must divide it)", plan.batch(), ranks));
    }
  }

  private static void requireAtLeast(int least, int value, String name) {
    if (value < least) {
      throw new IllegalArgumentException(
          "Invalid " + name + ": " + value + " (must be >= " + least + ")");
    }
  }
}
