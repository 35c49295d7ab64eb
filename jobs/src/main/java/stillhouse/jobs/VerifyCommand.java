package stillhouse.jobs;

import java.nio.file.Path;
import java.time.LocalDate;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import stillhouse.cache.CacheOptions;
import stillhouse.cache.CacheRefresh;
import stillhouse.cache.CacheVerify;
import stillhouse.cache.Progress;
import stillhouse.cache.VerifyReport;
import stillhouse.conf.ConfigException;
import stillhouse.data.DatasetConfig;
import stillhouse.data.HadoopImages;
import stillhouse.data.IngestedDataset;
import stillhouse.teacher.LocalTeacher;

/** Reads the whole cache and holds it against what it promises; asks the teacher a few again. */
@Command(
    name = "verify",
    mixinStandardHelpOptions = true,
    description =
        "Checks every tensor, key and file of a cache, and with --recompute that the teacher says"
            + " the same again.")
final class VerifyCommand implements Callable<Integer> {
  private static final Logger log = LoggerFactory.getLogger(VerifyCommand.class);
  @Mixin private DataOptions data;
  @Mixin private RootOption root;
  @Mixin private TeacherOption teacher;
  @Mixin private RecipeViews recipes;
  @Mixin private EquivarianceOptions equivariance;

  @Option(
      names = "--recompute",
      paramLabel = "N",
      defaultValue = "0",
      description = "also ask the teacher about N cached images again, in each of their views")
  private int recompute;

  @Option(
      names = "--seed",
      paramLabel = "TEXT",
      description =
          "which images --recompute asks about: others with another text (default: the day)")
  private String seed = LocalDate.now().toString();

  @Option(names = "--json", paramLabel = "FILE", description = "also write the report as JSON")
  private Path json;

  @Override
  public Integer call() {
    DatasetConfig dataset = data.load();
    if (equivariance.asked()) {
      return equivariance(dataset, teacher.resolve(dataset));
    }
    Optional<LocalTeacher> source = teacher.find(dataset);
    requireRecompute(source);
    root.requireThere();
    try (var session = JobSession.open("verify " + dataset.name())) {
      IngestedDataset.require(session.spark(), root.uri(), dataset);
      VerifyReport report =
          CacheVerify.run(session.spark(), root.uri(), source.map(s -> asked(session, dataset, s)));
      System.out.println(VerifyText.of(root.uri(), report));
      if (json != null) {
        JsonFiles.write(json, VerifyText.map(root.uri(), report));
        log.info("Wrote {}", json);
      }
      return report.passed() ? 0 : Stillhouse.FAILED;
    }
  }

  /** Asks about views and leaves the cache unread. */
  private int equivariance(DatasetConfig dataset, LocalTeacher source) {
    equivariance.check();
    root.requireThere();
    try (var session = JobSession.open("verify " + dataset.name())) {
      IngestedDataset.require(session.spark(), root.uri(), dataset);
      equivariance.run(session.spark(), root, dataset, source);
    }
    return 0;
  }

  /** Before Spark starts. */
  private void requireRecompute(Optional<LocalTeacher> source) {
    if (recompute < 0) {
      throw new ConfigException("Invalid --recompute: " + recompute + " (must be >= 0)");
    }
    if (recompute > 0 && source.isEmpty()) {
      throw new ConfigException(
          "Invalid --recompute: " + recompute + " (nobody to ask: give --teacher NAME too)");
    }
  }

  private CacheVerify.Asked asked(JobSession session, DatasetConfig dataset, LocalTeacher source) {
    var refresh =
        new CacheRefresh(CacheCommand::pooled, HadoopImages.of(session.spark()), Progress.NONE);
    CacheOptions options = recipes.in(CacheOptions.of(dataset.cache(), Math.max(1, recompute)));
    return new CacheVerify.Asked(source, Prompts.of(dataset), options, refresh, recompute, seed);
  }
}
