package stillhouse.jobs;

import java.util.concurrent.Callable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import stillhouse.cache.CacheOptions;
import stillhouse.cache.CacheRefresh;
import stillhouse.cache.CacheReport;
import stillhouse.cache.CacheTables;
import stillhouse.data.DatasetConfig;
import stillhouse.data.HadoopImages;
import stillhouse.data.IngestedDataset;
import stillhouse.teacher.LocalTeacher;
import stillhouse.teacher.Teacher;
import stillhouse.teacher.TeacherPool;
import stillhouse.teacher.TeacherSource;

/** Asks the frozen teacher about every sample that it was not asked about before. */
@Command(
    name = "cache",
    mixinStandardHelpOptions = true,
    description = "Asks the frozen teacher once about every sample and keeps its answers.")
final class CacheCommand implements Callable<Integer>, Foreseeing {
  private static final Logger log = LoggerFactory.getLogger(CacheCommand.class);
  @Mixin private DataOptions data;
  @Mixin private RootOption root;
  @Mixin private TeacherOption teacher;
  @Mixin private ChunkOption chunk;
  @Mixin private RepairOption repair;
  @Mixin private RecipeViews recipes;

  @Override
  public void requireNamed() {
    data.requireNamed();
    teacher.requireNamed();
  }

  @Override
  public Integer call() {
    DatasetConfig dataset = data.load();
    LocalTeacher source = teacher.resolve(dataset);
    chunk.check();
    CacheOptions options = recipes.in(chunk.options(dataset));
    root.requireThere();
    try (var session = JobSession.open("cache " + dataset.name())) {
      IngestedDataset.require(session.spark(), root.uri(), dataset);
      repair.cacheAlone(session, root.uri());
      CacheReport report = run(session, root.uri(), dataset, source, options);
      return report.cached() == 0 ? Stillhouse.FAILED : 0;
    }
  }

  /** Asks the teacher what the cache lacks, and says on the console what came of it. */
  static CacheReport run(
      JobSession session,
      String root,
      DatasetConfig dataset,
      LocalTeacher teacher,
      CacheOptions options) {
    CacheReport report =
        new CacheRefresh(
                CacheCommand::pooled,
                HadoopImages.of(session.spark()),
                new ConsoleProgress("cache"))
            .run(session.spark(), root, teacher, Prompts.of(dataset), options);
    log.info(
        "Cached {} of {} samples, {} quarantined; features {} new, {} reused; answers {} new, {}"
            + " reused; structure {} new, {} reused",
        report.cached(),
        report.samples(),
        report.quarantined(),
        report.features().written(),
        report.features().reused(),
        report.answers().written(),
        report.answers().reused(),
        report.structure().written(),
        report.structure().reused());
    if (report.views().size() > 1) {
      log.info("Cached samples by view: {}", report.views());
    }
    if (report.written() == 0) {
      log.info("Nothing was missing: the teacher was not asked");
    }
    if (report.quarantined() > 0) {
      log.warn(
          "{} of {} samples could not be cached: table tables/quarantine names each and why; the"
              + " next run tries them again",
          report.quarantined(),
          report.samples());
    }
    if (report.cached() == 0) {
      log.error("No sample could be cached");
    }
    warnOfOtherClasses(session, root, dataset, teacher);
    return report;
  }

  /** The train job would refuse them; it may be days away. */
  private static void warnOfOtherClasses(
      JobSession session, String root, DatasetConfig dataset, LocalTeacher teacher) {
    int classes = dataset.classes().size();
    CacheTables.of(root).segmentedClasses(session.spark(), teacher.spec()).stream()
        .filter(maps -> maps != classes)
        .forEach(
            maps ->
                log.warn(
                    "Teacher {} gives {} maps of logits, and data set {} has {} classes: no student"
                        + " can be trained on both. Name the teacher's classes in the data set's"
                        + " YAML, or leave 'logits' out of the teacher's: it is then asked once more,"
                        + " and students learn from its features alone",
                    teacher.spec().name(),
                    maps,
                    dataset.name(),
                    classes));
  }

  /** Runs on executors: the JVM's one loaded teacher. */
  static Teacher pooled(TeacherSource source) {
    return TeacherPool.shared().acquire(source);
  }
}
