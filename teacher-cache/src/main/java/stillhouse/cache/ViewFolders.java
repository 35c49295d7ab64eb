package stillhouse.cache;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.sql.SparkSession;

/** The training views of a workspace, one folder each. */
final class ViewFolders {
  private final SparkSession spark;
  private final String path;

  private ViewFolders(SparkSession spark, String path) {
    this.spark = spark;
    this.path = path;
  }

  static ViewFolders of(SparkSession spark, String root) {
    return new ViewFolders(spark, root + "/cache/views");
  }

  List<CacheStats.View> stats() {
    List<CacheStats.View> views = new ArrayList<>();
    for (FolderSize folder : FolderSize.in(spark, path)) {
      views.add(view(folder));
    }
    return views;
  }

  /** What {@link #collect} found. */
  record Collected(List<String> digests, long bytes) {}

  /**
   * Removes views that nobody names, and what writers left that were stopped long ago.
   *
   * @param before views that were published later stay
   * @param held whether somebody needs a view now, asked again before each is removed
   */
  Collected collect(Predicate<String> held, long before, boolean dryRun) {
    Configuration hadoop = spark.sessionState().newHadoopConf();
    List<String> digests = new ArrayList<>();
    long bytes = 0;
    for (FolderSize folder : FolderSize.in(spark, path)) {
      ViewFiles files = new ViewFiles(path + "/" + folder.name(), hadoop);
      boolean goes = files.complete() && files.published() < before && !held.test(folder.name());
      if (goes && (dryRun || files.remove(() -> held.test(folder.name())))) {
        digests.add(folder.name());
        bytes += folder.bytes();
      } else {
        bytes += files.dropAbandoned(dryRun);
      }
    }
    return new Collected(digests, bytes);
  }

  private CacheStats.View view(FolderSize folder) {
    Configuration hadoop = spark.sessionState().newHadoopConf();
    ViewFiles files = new ViewFiles(path + "/" + folder.name(), hadoop);
    if (!files.complete()) {
      return new CacheStats.View(folder.name(), Map.of(), "", 0, folder.bytes());
    }
    ViewInfo info = files.readInfo();
    long others =
        FolderSize.in(spark, path + "/" + folder.name()).stream()
            .filter(data -> !data.name().equals(info.data()))
            .mapToLong(FolderSize::bytes)
            .sum();
    return new CacheStats.View(
        folder.name(),
        info.rows(),
        info.hasTeacher() ? info.provenance().getOrDefault("teacher", "") : "",
        folder.bytes() - others,
        others);
  }
}
