package stillhouse.jobs;

import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine.Option;
import stillhouse.cache.CacheRepair;
import stillhouse.conf.ConfigException;

/** Whether the cache is mended before it is brought up to date. */
final class RepairOption {
  private static final Logger log = LoggerFactory.getLogger(RepairOption.class);

  @Option(
      names = "--repair",
      description =
          "first read the whole cache and take damaged files, doubled rows and rows without"
              + " features out of it, so that what is missing then is asked again")
  private boolean repair;

  @Option(
      names = "--repair-many",
      description =
          "as --repair, also where so many files look damaged that the storage may not answer")
  private boolean many;

  /** Before ingest reads them: samples and quarantine. Empty where that was not asked for. */
  Optional<CacheRepair.Report> ingested(JobSession session, String root) {
    if (!asked()) {
      return Optional.empty();
    }
    CacheRepair.Report report = CacheRepair.ingested(session.spark(), root, many);
    tell("samples and quarantine", report, "ingest takes up what was lost");
    return Optional.of(report);
  }

  /** What the teacher said. Empty where that was not asked for. */
  Optional<CacheRepair.Report> cache(JobSession session, String root) {
    if (!asked()) {
      return Optional.empty();
    }
    CacheRepair.Report report = CacheRepair.cache(session.spark(), root, many);
    tell("the cache", report, "what was lost is asked for now");
    return Optional.of(report);
  }

  /**
   * As {@link #cache}, where no ingest has gone before.
   *
   * @throws ConfigException where samples or quarantine are damaged, too
   */
  void cacheAlone(JobSession session, String root) {
    if (asked()) {
      CacheRepair.requireIngested(session.spark(), root);
      cache(session, root);
    }
  }

  private boolean asked() {
    return repair || many;
  }

  private static void tell(String what, CacheRepair.Report report, String next) {
    log.info(
        "Repair of {}: {} damaged files taken out, {} rows lost ({}), {} doubled or without"
            + " features gone, {} rows of these files kept",
        what,
        report.files(),
        report.lost(),
        next,
        report.surplus(),
        report.kept());
  }
}
