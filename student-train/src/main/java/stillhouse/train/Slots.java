package stillhouse.train;

import java.util.Arrays;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.spark.SparkConf;
import org.apache.spark.resource.ResourceProfile;

/**
 * Refuses what a cluster can't train before anything hangs: Spark holds a barrier stage back, for
 * minutes, until all its tasks fit, and a JVM can hold one gradient collector only.
 */
record Slots(SparkConf conf) {
  private static final Pattern LOCAL_CLUSTER =
      Pattern.compile("local-cluster\\[\\s*(\\d+)\\s*,\\s*(\\d+)\\s*,\\s*\\d+\\s*]");

  /**
   * @throws TrainingException naming the setting and its remedy
   */
  void require(int ranks) {
    requirePlugin();
    requireStaticAllocation();
    requireOneRankPerExecutor(ranks);
    profile();
    OptionalInt possible = possible();
    if (possible.isPresent() && possible.getAsInt() < ranks) {
      throw tooFew(ranks, possible.getAsInt());
    }
  }

  TrainingException tooFew(int ranks, int executors) {
    return new TrainingException(
        String.format(
            "Cannot train with %d ranks on %s: it has %d executors, and a rank needs one of its"
                + " own. Train with %d ranks, or start more executors.",
            ranks, master(), executors, executors));
  }

  private void requirePlugin() {
    String plugins = conf.get("spark.plugins", "");
    String needed = TrainingPlugin.class.getName();
    if (Arrays.stream(plugins.split(",")).map(String::trim).noneMatch(needed::equals)) {
      throw new TrainingException(
          "Cannot train: spark.plugins is '" + plugins + "'. Add " + needed + " to it.");
    }
  }

  private void requireStaticAllocation() {
    if (conf.getBoolean("spark.dynamicAllocation.enabled", false)) {
      throw new TrainingException(
          "Cannot train with spark.dynamicAllocation.enabled=true: Spark runs no barrier stage"
              + " under it. Set it to false and spark.executor.instances to the number of ranks.");
    }
  }

  private void requireOneRankPerExecutor(int ranks) {
    int task = conf.getInt("spark.task.cpus", 1);
    if (local()) {
      if (ranks > 1) {
        throw tooFew(ranks, 1);
      }
      return;
    }
    OptionalInt executor = executorCores();
    if (executor.isEmpty() || executor.getAsInt() < task) {
      throw new TrainingException(
          String.format(
              "Cannot train with spark.executor.cores=%s and spark.task.cpus=%d: a rank takes all"
                  + " cores of an executor (a second gradient collector in its JVM fails), so their"
                  + " number must be known and no less than a task's. Set spark.executor.cores.",
              executor.isPresent() ? executor.getAsInt() : "(all of a worker)", task));
    }
  }

  /** Of a rank's task, where the application's own tasks are smaller than an executor. */
  Optional<ResourceProfile> profile() {
    return local()
        ? Optional.empty()
        : RankResources.of(conf, executorCores().orElseThrow()).profile();
  }

  /** Executors that the master can ever start; empty where only the cluster knows. */
  private OptionalInt possible() {
    Matcher cluster = LOCAL_CLUSTER.matcher(master());
    if (local()) {
      return OptionalInt.of(1);
    }
    if (cluster.matches()) {
      int perWorker = Integer.parseInt(cluster.group(2)) / executorCores().orElse(1);
      return OptionalInt.of(Integer.parseInt(cluster.group(1)) * perWorker);
    }
    if (conf.contains("spark.executor.instances")) {
      return OptionalInt.of(conf.getInt("spark.executor.instances", 0));
    }
    if (conf.contains("spark.cores.max")) {
      return OptionalInt.of(conf.getInt("spark.cores.max", 0) / executorCores().orElse(1));
    }
    return OptionalInt.empty();
  }

  private OptionalInt executorCores() {
    if (conf.contains("spark.executor.cores")) {
      return OptionalInt.of(conf.getInt("spark.executor.cores", 1));
    }
    Matcher cluster = LOCAL_CLUSTER.matcher(master());
    if (cluster.matches()) {
      return OptionalInt.of(Integer.parseInt(cluster.group(2)));
    }
    // Spark's documented defaults: 1 on YARN and Kubernetes, all of a worker's on a standalone one.
    return master().startsWith("yarn") || master().startsWith("k8s")
        ? OptionalInt.of(1)
        : OptionalInt.empty();
  }

  private boolean local() {
    return master().equals("local") || master().startsWith("local[");
  }

  private String master() {
    return conf.get("spark.master", "");
  }
}
