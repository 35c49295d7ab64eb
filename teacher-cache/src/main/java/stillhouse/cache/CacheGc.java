package stillhouse.cache;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import stillhouse.conf.ConfigException;
import stillhouse.data.Samples;

/**
 * Takes away what nothing points to: rows of images that are gone, training views that no run
 * names, what stopped jobs left, and the files of old table versions. Answers and structure go
 * before the features that they were made from, and features stay that a row of theirs still points
 * to, so that no row is ever without its features.
 */
public final class CacheGc {
  private static final List<CacheTable> ORDER =
      List.of(CacheTable.ANSWERS, CacheTable.STRUCTURE, CacheTable.FEATURES);

  private final SparkSession spark;
  private final String root;
  private final CacheTables tables;
  private final GcOptions options;
  private final long before;

  private CacheGc(SparkSession spark, String root, GcOptions options) {
    this.spark = spark;
    this.root = root;
    this.tables = CacheTables.of(root);
    this.options = options;
    this.before = options.before(Instant.now());
  }

  /**
   * @param root the workspace
   * @param held whether a training view is pinned now: asked again just before one is removed
   * @throws ConfigException where no row of features would stay and that was not allowed
   */
  public static GcReport run(
      SparkSession caller, String root, GcOptions options, Predicate<String> held) {
    var gc = new CacheGc(CacheFiles.session(caller), root, options);
    try (var staging = new Staging(gc.spark, gc.tables.stagingPath(), false)) {
      return gc.collect(staging, held);
    } finally {
      caller.sparkContext().setJobDescription(null);
    }
  }

  private GcReport collect(Staging staging, Predicate<String> held) {
    vacuum().ifPresent(vacuum -> tables().values().forEach(vacuum::requireRetention));
    LiveRows live = LiveRows.of(spark, root, options.keep(), before);
    List<GcReport.OtherView> otherViews = otherViews(live);
    List<TableGc.Plan> plans = plans(live, staging);
    List<GcReport.Table> told = new ArrayList<>();
    boolean all = true; // of what points to features: rows that stayed need theirs
    for (TableGc.Plan plan : plans) {
      GcReport.Table done =
          options.dryRun() ? plan.told() : all ? plan.carriedOut() : plan.leftAlone();
      all &= done.skipped() == 0;
      told.add(done);
    }
    Predicate<String> stays =
        digest -> options.everyView() || options.namedViews().contains(digest) || held.test(digest);
    var views = ViewFolders.of(spark, root).collect(stays, before, options.dryRun());
    List<FolderSize> left = staging();
    return new GcReport(
        told,
        otherViews,
        views.digests(),
        views.bytes(),
        left.size(),
        left.stream().mapToLong(FolderSize::bytes).sum(),
        vacuum().map(this::vacuums).orElse(List.of()));
  }

  /** All of them before anything goes. */
  private List<TableGc.Plan> plans(LiveRows live, Staging staging) {
    List<TableGc.Plan> plans = new ArrayList<>();
    for (CacheTable table : ORDER) {
      if (isThere(table.path(tables))) {
        boolean last = table == CacheTable.FEATURES;
        if (last) {
          requireSome(live);
        }
        List<Dataset<Row>> pointing =
            last ? plans.stream().map(TableGc.Plan::features).toList() : List.of();
        TableGc.Plan plan = new TableGc(spark, table, tables, staging).plan(live, pointing, before);
        plans.add(plan);
      }
    }
    return plans;
  }

  /**
   * What goes of teachers that stay, since nobody named its views: days of a teacher's time.
   *
   * @throws ConfigException where that was not allowed
   */
  private List<GcReport.OtherView> otherViews(LiveRows live) {
    if (!isThere(tables.featuresPath())) {
      return List.of();
    }
    List<GcReport.OtherView> others = live.inOtherViews();
    if (!others.isEmpty() && !options.otherViews() && !options.dryRun()) {
      String rows =
          others.stream()
              .map(v -> "%s %s (%d images)".formatted(v.teacher(), v.view().text(), v.rows()))
              .collect(Collectors.joining(", "));
      throw new ConfigException(
          "Cannot keep teachers in the named views alone: %s holds rows of them in other views, which would go: %s. Name the recipes that draw these views (--recipe), or name the views in the data set's YAML; where they are to go, give --other-views."
              .formatted(root, rows));
    }
    return others;
  }

  private void requireSome(LiveRows live) {
    long rows = TableFiles.of(spark, tables.featuresPath()).sums().rows();
    if (rows > 0 && !options.everything() && live.of(CacheTable.FEATURES).isEmpty()) {
      throw new ConfigException(
          "Nothing of the cache in %s would stay: none of its %d feature maps is of an image that is in the samples%s. Run 'ingest' again where images are missing by mistake; to empty the cache all the same, give --everything."
              .formatted(
                  root,
                  rows,
                  options.keep().isEmpty() ? "" : " and of a teacher that --keep names"));
    }
  }

  private List<FolderSize> staging() {
    var parent = new Path(tables.stagingPath());
    try {
      FileSystem files = parent.getFileSystem(spark.sessionState().newHadoopConf());
      List<FolderSize> left = new ArrayList<>();
      for (Path folder : Staging.abandoned(files, parent)) {
        left.add(FolderSize.of(spark, folder.toString()));
        if (!options.dryRun()) {
          files.delete(folder, true);
        }
      }
      return left;
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot remove what stopped jobs left in " + parent, e);
    }
  }

  private Optional<Vacuum> vacuum() {
    return options
        .retain()
        .map(retain -> new Vacuum(spark, retain, options.pins(), options.dryRun()));
  }

  private List<GcReport.Vacuum> vacuums(Vacuum vacuum) {
    List<GcReport.Vacuum> told = new ArrayList<>();
    tables().forEach((name, path) -> told.add(vacuum.run(name, path)));
    return told;
  }

  /** Where those tables lie that are there, by their names. */
  private Map<String, String> tables() {
    Map<String, String> paths = new LinkedHashMap<>();
    for (CacheTable table : CacheTable.values()) {
      paths.put(table.label(), table.path(tables));
    }
    paths.put("samples", Samples.table(root));
    paths.put("quarantine", Samples.quarantineTable(root));
    paths.values().removeIf(path -> !isThere(path));
    return paths;
  }

  private boolean isThere(String path) {
    return TableFiles.of(spark, path).version() >= 0;
  }
}
