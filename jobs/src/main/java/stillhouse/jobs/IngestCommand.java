package stillhouse.jobs;

import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import stillhouse.conf.ConfigException;
import stillhouse.data.DatasetConfig;
import stillhouse.data.Ingest;
import stillhouse.data.IngestReport;

/** Folders of images and masks → the samples table. */
@Command(
    name = "ingest",
    mixinStandardHelpOptions = true,
    description = "Reads folders of images and masks into the samples table.")
final class IngestCommand implements Callable<Integer>, Foreseeing {
  private static final Logger log = LoggerFactory.getLogger(IngestCommand.class);
  private static final int NAMED = 5; // quarantined files on the console

  @Mixin private DataOptions data;
  @Mixin private RootOption root;

  @Option(
      names = "--need",
      split = ",",
      paramLabel = "SPLIT[,SPLIT]",
      description = "fails where one of these splits has no sample: train, val or test")
  private List<String> needed = List.of();

  @Override
  public void requireNamed() {
    data.requireNamed();
  }

  @Override
  public Integer call() {
    needed.forEach(split -> SplitOption.checked("--need", split));
    DatasetConfig config = data.load();
    try (var session = JobSession.open("ingest " + config.name())) {
      IngestReport report = run(session, root.uri(), config);
      if (report.samples() == 0) {
        return Stillhouse.FAILED;
      }
      requireSamples(config.name(), report.splits());
      return 0;
    }
  }

  /**
   * @throws ConfigException where a split that is needed has none
   */
  private void requireSamples(String dataset, Map<String, Long> bySplit) {
    List<String> empty = needed.stream().filter(s -> bySplit.getOrDefault(s, 0L) == 0).toList();
    if (!empty.isEmpty()) {
      throw new ConfigException(
          "Cannot go on with data set %s: it has no sample in %s (samples by split: %s). Give it more images or another splitSeed, where it splits by hash, or a source with that split"
              .formatted(dataset, empty, bySplit));
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
    log.info(
        "Splits {}; images that show each class {}; {} without labels",
        report.splits(),
        report.classes(),
        report.unlabelled());
    if (report.quarantined() > 0) {
      tellQuarantined(session, root, report);
    }
    if (report.straddling() > 0) {
      log.warn("{} groups of equal images lie in more than one split", report.straddling());
    }
    if (report.samples() == 0) {
      log.error("No sample could be read: every file was quarantined");
    }
    return report;
  }

  private static void tellQuarantined(JobSession session, String root, IngestReport report) {
    List<String> some = Quarantine.newestOfIngest(session.spark(), root, NAMED);
    log.warn(
        "Quarantined, by reason: {}. {}Mend the files, and the next ingest takes them:\n  - {}",
        report.reasons(),
        report.quarantined() > some.size()
            ? "All are in the table %s/tables/quarantine, the last %d here. "
                .formatted(root, some.size())
            : "",
        String.join("\n  - ", some));
  }
}
