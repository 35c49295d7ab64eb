package stillhouse.jobs;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine.Option;
import stillhouse.cache.CacheOptions;
import stillhouse.cache.CacheRefresh;
import stillhouse.cache.CacheReport;
import stillhouse.conf.ConfigException;
import stillhouse.data.DatasetConfig;
import stillhouse.data.HadoopImages;
import stillhouse.teacher.LocalTeacher;
import stillhouse.teacher.Teacher;
import stillhouse.teacher.TeacherPool;
import stillhouse.teacher.TeacherSource;

/** How the jobs that fill the cache do so. */
final class CacheOption {
  private static final Logger log = LoggerFactory.getLogger(CacheOption.class);

  @Option(
      names = "--chunk",
      defaultValue = "512",
      description = "images a commit: what a crash costs at most (default: ${DEFAULT-VALUE})")
  private int chunk;

  /** Before Spark starts. */
  void check() {
    if (chunk < 1) {
      throw new ConfigException("Invalid --chunk: " + chunk + " (must be >= 1)");
    }
  }

  /** Asks the teacher what the cache lacks, and says on the console what came of it. */
  CacheReport run(JobSession session, String root, DatasetConfig dataset, LocalTeacher teacher) {
    CacheReport report =
        new CacheRefresh(
                CacheOption::pooled, HadoopImages.of(session.spark()), new ConsoleProgress("cache"))
            .run(
                session.spark(),
                root,
                teacher,
                Prompts.of(dataset),
                CacheOptions.of(dataset.cache(), chunk));
    log.info(
        "Cached {} of {} samples, {} quarantined; features {} new, {} reused; answers {} new, {} reused; structure {} new, {} reused",
        report.cached(),
        report.samples(),
        report.quarantined(),
        report.features().written(),
        report.features().reused(),
        report.answers().written(),
        report.answers().reused(),
        report.structure().written(),
        report.structure().reused());
    if (report.written() == 0) {
      log.info("Nothing was missing: the teacher was not asked");
    }
    if (report.quarantined() > 0) {
      log.warn(
          "{} of {} samples could not be cached: table tables/quarantine names each and why; the next run tries them again",
          report.quarantined(),
          report.samples());
    }
    if (report.cached() == 0) {
      log.error("No sample could be cached");
    }
    return report;
  }

  /** Runs on executors: the JVM's one loaded teacher. */
  private static Teacher pooled(TeacherSource source) {
    return TeacherPool.shared().acquire(source);
  }
}
