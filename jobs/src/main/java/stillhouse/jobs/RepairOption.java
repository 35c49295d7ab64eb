package stillhouse.jobs;

import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine.Option;
import stillhouse.cache.CacheRepair;

/** Whether the cache is mended before it is brought up to date. */
final class RepairOption {
  private static final Logger log = LoggerFactory.getLogger(RepairOption.class);

  @Option(
      names = "--repair",
      description =
          "first read the whole cache and take damaged files out of it, so that what they held is"
              + " asked again")
  private boolean repair;

  /** Empty where that was not asked for. */
  Optional<CacheRepair.Report> run(JobSession session, String root) {
    if (!repair) {
      return Optional.empty();
    }
    CacheRepair.Report report = CacheRepair.run(session.spark(), root);
    log.info(
        "Repair: {} damaged files taken out, {} rows of them kept, {} lost and asked for now",
        report.files(),
        report.kept(),
        report.lost());
    return Optional.of(report);
  }
}
