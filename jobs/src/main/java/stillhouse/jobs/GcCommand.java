package stillhouse.jobs;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import stillhouse.cache.CacheGc;
import stillhouse.cache.FolderSize;
import stillhouse.cache.GcOptions;
import stillhouse.cache.GcReport;
import stillhouse.cache.Pin;
import stillhouse.conf.ConfigException;
import stillhouse.data.DatasetConfig;
import stillhouse.data.IngestedDataset;
import stillhouse.teacher.TeacherConfig;
import stillhouse.teacher.TeacherSpec;

/** Drops what nothing points to; honours what running and resumable runs have pinned. */
@Command(
    name = "gc",
    mixinStandardHelpOptions = true,
    description =
        "Drops cached rows of images that are gone, views that no run names, and old table"
            + " versions.")
final class GcCommand implements Callable<Integer> {
  private static final Logger log = LoggerFactory.getLogger(GcCommand.class);
  private static final Duration LEAST_RETAINED = Duration.ofDays(7); // Delta's own, and any job's

  @Mixin private DataOptions data;
  @Mixin private RootOption root;
  @Mixin private RecipeViews recipes;

  @Option(names = "--dry-run", description = "only say what would go")
  private boolean dryRun;

  @Option(
      names = "--keep",
      split = ",",
      paramLabel = "TEACHER",
      description =
          "teachers whose rows stay, under the data set's settings of now; all other rows may go"
              + " (default: those of every teacher and setting stay while their image is there)")
  private List<String> keep = List.of();

  @Option(
      names = "--older-than",
      defaultValue = "7d",
      converter = AgeConverter.class,
      paramLabel = "AGE",
      description =
          "leave alone what was written, or lost its image, within this time (default:"
              + " ${DEFAULT-VALUE})")
  private Duration olderThan;

  @Option(
      names = "--retain",
      defaultValue = "7d",
      converter = AgeConverter.class,
      paramLabel = "AGE",
      description =
          "how long readers of older table versions keep their files (default: ${DEFAULT-VALUE})")
  private Duration retain;

  @Option(names = "--no-vacuum", description = "leave older table versions alone")
  private boolean noVacuum;

  @Option(names = "--everything", description = "also where no cached row at all would stay")
  private boolean everything;

  @Option(
      names = "--other-views",
      description =
          "with --keep, also where rows of these teachers go whose views neither the data set's"
              + " YAML nor --recipe names")
  private boolean otherViews;

  @Option(names = "--json", paramLabel = "FILE", description = "also write the report as JSON")
  private Path json;

  @Override
  public Integer call() {
    DatasetConfig dataset = data.load();
    List<TeacherSpec> teachers = keep.stream().map(GcCommand::spec).toList();
    if (retain.compareTo(LEAST_RETAINED) < 0) {
      throw new ConfigException(
          "Invalid --retain: %d h (must be >= 7d: a cache job that runs has files in its tables that no version names yet)"
              .formatted(retain.toHours()));
    }
    root.requireThere();
    List<RunRecord> trained =
        RunRecord.finished(root.runs()).stream().map(RunRecord::read).toList();
    try (var session = JobSession.open("gc " + dataset.name())) {
      var spark = session.spark();
      IngestedDataset.require(spark, root.uri(), dataset);
      List<String> untrained = untrained(FolderSize.in(spark, root.checkpoints()), trained);
      RunPins pins = new RunPins(spark, root.uri());
      List<Pin> holding = pins.holding(untrained);
      List<String> unknown = unknown(untrained, pins.all());
      List<GcOptions.Kept> keys =
          teachers.stream()
              .map(spec -> Prompts.keys(spark, root.uri(), dataset, spec))
              .map(kept -> new GcOptions.Kept(kept, recipes.and(dataset.cache().views())))
              .toList();
      GcOptions options =
          new GcOptions(
              keys,
              olderThan,
              noVacuum ? Optional.empty() : Optional.of(retain),
              holding,
              trained.stream().map(RunRecord::viewDigest).collect(Collectors.toSet()),
              !unknown.isEmpty(),
              everything,
              otherViews,
              dryRun);
      GcReport report =
          CacheGc.run(
              spark,
              root.uri(),
              options,
              view -> pins.holding(untrained).stream().anyMatch(pin -> pin.holds(view)));
      if (!dryRun) {
        pins.releaseOthers(untrained);
      }
      tell(report, holding, unknown);
    }
    return 0;
  }

  private static TeacherSpec spec(String teacher) {
    return TeacherConfig.find(teacher).spec();
  }

  private static List<String> untrained(List<FolderSize> checkpoints, List<RunRecord> trained) {
    Set<String> done = trained.stream().map(RunRecord::name).collect(Collectors.toSet());
    return checkpoints.stream().map(FolderSize::name).filter(run -> !done.contains(run)).toList();
  }

  /** Runs with checkpoints of which neither a record nor a pin says what view they read. */
  private static List<String> unknown(List<String> untrained, List<Pin> pins) {
    Set<String> pinned =
        pins.stream()
            .filter(pin -> pin.kind().equals(RunPins.TRAIN))
            .map(Pin::owner)
            .collect(Collectors.toSet());
    return untrained.stream().filter(run -> !pinned.contains(run)).toList();
  }

  private void tell(GcReport report, List<Pin> holding, List<String> unknown) {
    if (!unknown.isEmpty()) {
      log.warn(
          "All training views stay: runs {} have checkpoints, and neither a pin nor a record in {}"
              + " says which view they read. Train them to their end, remove their checkpoints, or"
              + " name the folder of their records (--runs)",
          unknown,
          root.runs());
    }
    System.out.println(GcText.of(report, holding, dryRun));
    if (json != null) {
      JsonFiles.write(json, GcText.map(report, holding, dryRun));
      log.info("Wrote {}", json);
    }
  }
}
