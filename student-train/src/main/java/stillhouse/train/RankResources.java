package stillhouse.train;

import java.util.Optional;
import org.apache.spark.SparkConf;
import org.apache.spark.resource.ResourceProfile;
import org.apache.spark.resource.ResourceProfileBuilder;
import org.apache.spark.resource.TaskResourceRequests;

/**
 * What a rank's task asks of its executor: all of its cores, so that no second rank comes into the
 * JVM, and its GPU where it has one. Where the application's own tasks are smaller (a cache job's
 * eight tasks share an executor and its GPU), Spark's stage-level scheduling gives the training
 * stage tasks of another size on the same executors.
 *
 * @param executorCores cores of an executor
 * @param executorGpus GPUs of an executor
 * @param taskCpus cores of a task outside training
 * @param taskGpus GPUs of a task outside training, or a share of one
 */
record RankResources(int executorCores, int executorGpus, int taskCpus, double taskGpus) {
  private static final String GPU = "gpu";

  RankResources {
    if (executorGpus > 1) {
      throw new TrainingException(
          String.format(
              "Cannot train with spark.executor.resource.gpu.amount=%d: an executor runs one rank,"
                  + " and a rank trains on one GPU. Start %d executors of one GPU each in place of"
                  + " one.",
              executorGpus, executorGpus));
    }
  }

  static RankResources of(SparkConf conf, int executorCores) {
    return new RankResources(
        executorCores,
        conf.getInt("spark.executor.resource.gpu.amount", 0),
        conf.getInt("spark.task.cpus", 1),
        conf.getDouble("spark.task.resource.gpu.amount", 0));
  }

  /** Tasks of the application's own size are ranks already where this is empty. */
  Optional<ResourceProfile> profile() {
    if (taskCpus == executorCores && taskGpus >= executorGpus) {
      return Optional.empty();
    }
    TaskResourceRequests rank = new TaskResourceRequests().cpus(executorCores);
    if (executorGpus > 0) {
      rank.resource(GPU, executorGpus);
    }
    return Optional.of(new ResourceProfileBuilder().require(rank).build());
  }
}
