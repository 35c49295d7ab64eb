package stillhouse.data;

import io.delta.tables.DeltaTable;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.spark.sql.SparkSession;
import stillhouse.conf.ConfigException;

/**
 * Which data set a workspace's samples are of: properties of the samples table, since a mask's
 * values mean nothing without the names they stand for.
 */
public record IngestedDataset(String name, List<String> classes) {
  private static final String NAME = "stillhouse.dataset";
  private static final String CLASSES = "stillhouse.classes";

  public IngestedDataset {
    classes = List.copyOf(classes);
  }

  static IngestedDataset of(DatasetConfig config) {
    return new IngestedDataset(config.name(), config.classes());
  }

  /**
   * Refuses a job whose data set is not the one that the workspace holds.
   *
   * @param root the workspace, any Hadoop path
   * @throws ConfigException where nothing was ingested, or another data set was
   */
  public static void require(SparkSession spark, String root, DatasetConfig config) {
    if (!DeltaTable.isDeltaTable(spark, Samples.table(root))) {
      throw noSamples(spark, root);
    }
    Optional<IngestedDataset> there = read(spark, root);
    if (there.isEmpty()) {
      throw new ConfigException(
          "The samples in "
              + root
              + " do not say of which data set they are (an older version ingested them). Run the"
              + " ingest job again; unchanged files are not read anew.");
    }
    there.get().requireName(root, config);
    if (!there.get().classes.equals(config.classes())) {
      throw new ConfigException(
          "The samples in %s were ingested with the classes %s; %s now has %s. Run the ingest job again."
              .formatted(root, there.get().classes, config.name(), config.classes()));
    }
  }

  /** What is said of a workspace without a samples table. */
  public static ConfigException noSamples(SparkSession spark, String root) {
    return WorkspaceFolder.lacks(
        spark.sessionState().newHadoopConf(),
        root,
        "No samples in " + root + ". Run the ingest job first.");
  }

  void requireName(String root, DatasetConfig config) {
    if (!name.equals(config.name())) {
      throw new ConfigException(
          "The workspace %s holds the data set %s, not %s. Give %s a --root of its own."
              .formatted(root, name, config.name(), config.name()));
    }
  }

  /** Empty where the table doesn't say. */
  public static Optional<IngestedDataset> read(SparkSession spark, String root) {
    return of(TableVersion.newest(spark, Samples.table(root), Samples.SCHEMA).properties());
  }

  /**
   * @param properties of a samples table
   */
  static Optional<IngestedDataset> of(Map<String, String> properties) {
    return properties.containsKey(NAME)
        ? Optional.of(
            new IngestedDataset(properties.get(NAME), List.of(properties.get(CLASSES).split(","))))
        : Optional.empty();
  }

  /** By the names of a table's properties; no name of a class holds a comma or a quote. */
  Map<String, String> properties() {
    Map<String, String> properties = new LinkedHashMap<>();
    properties.put(NAME, name);
    properties.put(CLASSES, String.join(",", classes));
    return properties;
  }
}
