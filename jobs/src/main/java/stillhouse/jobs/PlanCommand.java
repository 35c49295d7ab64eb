package stillhouse.jobs;

import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import stillhouse.cache.CachePlan;
import stillhouse.cache.Planner;
import stillhouse.conf.ConfigException;
import stillhouse.data.DatasetConfig;
import stillhouse.data.HadoopImages;
import stillhouse.data.IngestedDataset;
import stillhouse.teacher.LocalTeacher;

/** Says what a cache job would cost before it is run; writes no table. */
@Command(
    name = "plan",
    mixinStandardHelpOptions = true,
    description =
        "Says what the cache job would ask, write and take, by a probe of the teacher on a few"
            + " images; writes no table.")
final class PlanCommand implements Callable<Integer> {
  private static final Logger log = LoggerFactory.getLogger(PlanCommand.class);
  @Mixin private DataOptions data;
  @Mixin private RootOption root;
  @Mixin private TeacherOption teacher;
  @Mixin private ChunkOption chunk;
  @Mixin private RecipeViews recipes;

  @Option(
      names = "--probe",
      paramLabel = "N",
      defaultValue = "4",
      description =
          "batches that each task asks the teacher to measure it (default: ${DEFAULT-VALUE})")
  private int batches;

  @Option(
      names = "--slots",
      paramLabel = "N",
      description =
          "tasks that the job will run at once (default: as many as this session, in which the"
              + " probe runs)")
  private int slots;

  @Mixin private RingOptions ring;

  @Option(names = "--json", paramLabel = "FILE", description = "also write the figures as JSON")
  private Path json;

  @Override
  public Integer call() {
    DatasetConfig dataset = data.load();
    LocalTeacher source = teacher.resolve(dataset);
    chunk.check();
    if (batches < 1 || slots < 0) {
      throw new ConfigException(
          "Invalid --probe: " + batches + " (must be >= 1), --slots: " + slots + " (must be >= 0)");
    }
    var reduction = ring.told(dataset.classes().size());
    root.requireThere();
    try (var session = JobSession.open("plan " + dataset.name())) {
      IngestedDataset.require(session.spark(), root.uri(), dataset);
      CachePlan plan =
          Planner.plan(
              session.spark(),
              root.uri(),
              source,
              Prompts.of(dataset),
              recipes.in(chunk.options(dataset)),
              CacheCommand::pooled,
              HadoopImages.of(session.spark()),
              batches);
      int asked = slots == 0 ? plan.slots() : slots;
      System.out.println(PlanText.of(source.spec().name(), dataset, plan, asked));
      reduction.ifPresent(System.out::println);
      if (json != null) {
        JsonFiles.write(json, PlanText.map(source.spec().name(), dataset, plan, asked));
        log.info("Wrote {}", json);
      }
    }
    return 0;
  }
}
