package stillhouse.jobs;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import stillhouse.conf.ConfigException;
import stillhouse.conf.ConfigFile;

/**
 * Several jobs in one Spark application: its executors start once, and what one job has loaded and
 * compiled serves the next. The first job that fails ends it.
 */
@Command(
    name = "batch",
    mixinStandardHelpOptions = true,
    description = "Runs the jobs of a YAML file, one after the other, in one Spark application.")
final class BatchCommand implements Callable<Integer> {
  private static final Logger log = LoggerFactory.getLogger(BatchCommand.class);
  private static final Set<String> NOT_IN_A_BATCH = Set.of("batch", "help");

  @Parameters(paramLabel = "FILE", description = "name: NAME, jobs: [{title: TEXT, run: [JOB, …]}]")
  private Path file;

  @Spec private CommandSpec spec;

  record Batch(String name, List<Job> jobs) {}

  record Job(String title, List<String> run) {
    String called() {
      return Optional.ofNullable(title).orElseGet(() -> String.join(" ", run));
    }

    String[] words() {
      return run.toArray(String[]::new);
    }
  }

  @Override
  public Integer call() {
    Batch batch = ConfigFile.load(file, Batch.class, "/schema/batch.json");
    for (int i = 0; i < batch.jobs().size(); i++) {
      requireKnown(i, batch.jobs().get(i));
    }
    long began = System.nanoTime();
    try (var session = JobSession.open("batch " + batch.name())) {
      int jobs = batch.jobs().size();
      for (int i = 0; i < jobs; i++) {
        Job job = batch.jobs().get(i);
        log.info("Job {} of {}, after {} s: {}", i + 1, jobs, seconds(began), job.called());
        int code = Stillhouse.run(spec.commandLine().getErr(), job.words());
        if (code != 0) {
          if (!OrderlyStop.begun()) {
            log.error("Job {} of {} ended with status {}: {}", i + 1, jobs, code, job.called());
          }
          return code;
        }
      }
      log.info("{} jobs are done, after {} s", jobs, seconds(began));
    }
    return 0;
  }

  /** A misspelt option or name of the last job is seen before the first one runs. */
  private void requireKnown(int index, Job job) {
    try {
      if (NOT_IN_A_BATCH.contains(job.run().get(0))) {
        throw new ConfigException("'" + job.run().get(0) + "' is no job of a batch");
      }
      CommandLine.ParseResult parsed = Stillhouse.commandLine().parseArgs(job.words());
      while (parsed.hasSubcommand()) {
        parsed = parsed.subcommand();
      }
      if (!parsed.commandSpec().subcommands().isEmpty()) {
        throw new ConfigException("it must begin with a job");
      }
      if (parsed.isUsageHelpRequested() || parsed.isVersionHelpRequested()) {
        throw new ConfigException("help is no job of a batch");
      }
      if (parsed.commandSpec().userObject() instanceof Foreseeing foreseeing) {
        foreseeing.requireNamed();
      }
    } catch (ParameterException | ConfigException e) {
      throw new ConfigException(
          "Invalid batch %s: jobs[%d] (%s): %s"
              .formatted(file, index, job.called(), e.getMessage()),
          e);
    }
  }

  private static long seconds(long since) {
    return (System.nanoTime() - since) / 1_000_000_000;
  }
}
