package stillhouse.jobs;

import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import stillhouse.cache.CacheStats;
import stillhouse.cache.FolderSize;
import stillhouse.cache.StatsQueries;

/** What a workspace holds: from logs, key columns and folders, so in seconds. */
@Command(
    name = "stats",
    mixinStandardHelpOptions = true,
    description =
        "Says what a workspace holds and weighs: tables by what made them, samples, quarantine,"
            + " views, checkpoints.")
final class StatsCommand implements Callable<Integer> {
  private static final Logger log = LoggerFactory.getLogger(StatsCommand.class);
  @Mixin private RootOption root;

  @Option(names = "--json", paramLabel = "FILE", description = "also write the figures as JSON")
  private Path json;

  /**
   * @param trained runs that have a record
   * @param checkpoints a folder a run
   */
  record Report(
      String workspace,
      CacheStats cache,
      List<String> trained,
      List<FolderSize> checkpoints,
      FolderSize evaluations) {}

  @Override
  public Integer call() {
    root.requireThere();
    try (var session = JobSession.open("stats")) {
      var spark = session.spark();
      var report =
          new Report(
              root.uri(),
              StatsQueries.run(spark, root.uri()),
              root.hasRuns()
                  ? RunRecord.finished(root.runs()).stream()
                      .map(folder -> folder.getFileName().toString())
                      .toList()
                  : List.of(),
              FolderSize.in(spark, root.checkpoints()),
              FolderSize.of(spark, root.uri() + "/evaluations"));
      System.out.println(StatsText.of(report));
      if (json != null) {
        JsonFiles.write(json, report);
        log.info("Wrote {}", json);
      }
    }
    return 0;
  }
}
