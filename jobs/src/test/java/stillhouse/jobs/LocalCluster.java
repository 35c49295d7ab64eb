package stillhouse.jobs;

import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.Map;
import java.util.stream.Collectors;

/** What spark-submit would set, small: conf/cluster/local-4.conf is its model. */
final class LocalCluster {
  private LocalCluster() {}

  /** Executors of one core each, in JVMs of their own. */
  static Map<String, String> settings(int executors, Path folder) {
    String opens =
        ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
            .filter(a -> a.startsWith("--add-opens") || a.startsWith("-Djdk."))
            .collect(Collectors.joining(" "));
    return Map.ofEntries(
        Map.entry("spark.master", "local-cluster[" + executors + ",1,1024]"),
        Map.entry("spark.executor.memory", "1g"),
        Map.entry("spark.executor.cores", "1"),
        Map.entry("spark.executor.extraClassPath", System.getProperty("java.class.path")),
        Map.entry(
            "spark.executor.extraJavaOptions",
            opens + " -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -XX:ReservedCodeCacheSize=256m"),
        Map.entry("spark.ui.enabled", "false"),
        Map.entry("spark.driver.host", "127.0.0.1"),
        Map.entry("spark.sql.warehouse.dir", folder.resolve("warehouse").toString()),
        Map.entry("spark.sql.shuffle.partitions", "1"),
        Map.entry("spark.sql.adaptive.enabled", "false"),
        Map.entry("spark.databricks.delta.snapshotPartitions", "1"),
        Map.entry("spark.sql.codegen.wholeStage", "false"),
        Map.entry("spark.sql.codegen.factoryMode", "NO_CODEGEN"));
  }
}
