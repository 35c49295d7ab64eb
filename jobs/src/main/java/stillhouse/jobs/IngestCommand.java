package stillhouse.jobs;

import java.util.concurrent.Callable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import stillhouse.data.DatasetConfig;
import stillhouse.data.Ingest;
import stillhouse.data.IngestReport;

/** Folders of images and masks → the samples table. */
@Command(
    name = "ingest",
    mixinStandardHelpOptions = true,
    description = "Reads folders of images and masks into the samples table.")
final class IngestCommand implements Callable<Integer> {
  private static final Logger log = LoggerFactory.getLogger(IngestCommand.class);
  @Mixin private DataOptions data;
  @Mixin private RootOption root;

  @Override
  public Integer call() {
    DatasetConfig config = data.load();
    try (var session = JobSession.open("ingest " + config.name())) {
      return run(session, root.uri(), config).samples() == 0 ? Stillhouse.FAILED : 0;
    }
  }

  /** Ingests, and says on the console what came of it. */
  static IngestReport run(JobSession session, String root, DatasetConfig config) {
    IngestReport report = Ingest.run(session.spark(), config, root);
    log.info(
        "Ingested {}: {} files found, {} known, {} added, {} changed, {} gone, {} quarantined",
        config.name(),
        report.found(),
        report.known(),
        report.added(),
        report.changed(),
        report.gone(),
        report.quarantined());
    if (report.samples() > report.found() - report.quarantined()) {
      log.info("Tiles and crops make {} samples of the files", report.samples());
    }
    log.info("Splits {}; images that show each class {}", report.splits(), report.classes());
    if (report.quarantined() > 0) {
      log.warn("Quarantined, by reason: {} (table tables/quarantine)", report.reasons());
    }
    if (report.straddling() > 0) {
      log.warn("{} groups of equal images lie in more than one split", report.straddling());
    }
    if (report.samples() == 0) {
      log.error("No sample could be read: every file was quarantined");
    }
    return report;
  }
}
