package stillhouse.jobs;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import stillhouse.conf.ConfigException;
import stillhouse.data.DatasetConfig;
import stillhouse.data.IngestedDataset;
import stillhouse.htmlreport.Commands;
import stillhouse.htmlreport.Findings;
import stillhouse.htmlreport.HtmlReport;
import stillhouse.teacher.LocalTeacher;
import stillhouse.tracking.TrackedRun;
import stillhouse.tracking.TrackingServer;

/** An evaluated workspace as one HTML page. */
@Command(
    name = "report",
    mixinStandardHelpOptions = true,
    description =
        "Writes what was evaluated as one HTML page that needs nothing beside itself: scores with intervals, classes, precisions, confusion, worst and best images, curves, structure maps, cascades, latency, champions, and what was learned from.")
final class ReportCommand implements Callable<Integer> {
  private static final Logger log = LoggerFactory.getLogger(ReportCommand.class);
  private static final int MOST_IMAGES = 24; // of a run either way: each is five pictures
  @Mixin private DataOptions data;
  @Mixin private RunSelection runs;
  @Mixin private TeacherOption teacher;
  @Mixin private TrackingOptions tracking;
  @Mixin private SplitOption split;
  @Mixin private StrataOptions by;

  @Option(names = "--out", required = true, paramLabel = "FILE", description = "the page")
  private Path out;

  @Option(
      names = "--bench",
      split = ",",
      paramLabel = "FILE",
      description = "also show latencies that bench --json wrote")
  private List<Path> bench = List.of();

  @Option(
      names = "--images",
      defaultValue = "3",
      paramLabel = "N",
      description =
          "how many of the worst and of the best images of each run to show (default: ${DEFAULT-VALUE})")
  private int images;

  @Override
  public Integer call() throws Exception {
    if (images < 1 || images > MOST_IMAGES) {
      throw new ConfigException(
          "Invalid --images: " + images + " (must be 1 to " + MOST_IMAGES + ")");
    }
    List<JsonNode> benches = benches();
    split.checked();
    by.check();
    DatasetConfig dataset = data.load();
    Optional<LocalTeacher> source = teacher.find(dataset);
    ReportedScores scores =
        ReportedScores.of(
            runs, split.checked(), typed(), JobSession.hadoop()); // refused before Spark
    ReportPictures.requireFits(scores, dataset, runs.root());
    Optional<TrackingServer> server = tracking.find();
    try (var session = JobSession.open("report " + dataset.name())) {
      String root = runs.root().uri();
      IngestedDataset.require(session.spark(), root, dataset);
      try (var pinned = new RunPins(session.spark(), root).evaluating();
          var parts = by.open(session.spark(), root)) {
        var job =
            new ReportJob(
                session.spark(), runs.root(), dataset, source, server, parts.all(), images);
        Findings findings = job.run(scores, typed(), benches);
        HtmlReport.write(findings, out);
        log.info("Wrote {} ({} bytes)", out, Files.size(out));
        server.ifPresent(s -> tell(s, dataset, scores));
      }
    } finally {
      server.ifPresent(TrackingServer::close);
    }
    return 0;
  }

  private Commands typed() {
    return new Commands(runs.root().typed(), data.typed(), teacher.typed(), split.checked());
  }

  /** A run of its own has the page, which the runs that it tells of name. */
  private void tell(TrackingServer server, DatasetConfig dataset, ReportedScores scores) {
    Map<String, String> tags =
        JobTags.of("report", Map.of("dataset", dataset.name(), "split", scores.split()));
    TrackedRun run =
        server.tell(
            dataset.name(),
            "report " + scores.split(),
            tags,
            made -> {
              made.artifact(out, "report");
              return made;
            });
    for (RunRecord record : scores.records().values()) {
      if (!record.mlflowRun().isEmpty()) {
        server
            .find(record.mlflowRun())
            .ifPresent(
                told -> {
                  try (told) {
                    told.tags(Map.of("report_" + scores.split(), run.id()));
                  }
                });
      }
    }
    log.info("MLflow has it: {}", run.address());
  }

  private List<JsonNode> benches() {
    List<JsonNode> read = new ArrayList<>();
    for (Path file : bench) {
      try {
        JsonNode lines = JsonFiles.JSON.readTree(file.toFile());
        if (!lines.isArray() || lines.isEmpty() || !lines.get(0).has("latency_p50_ms")) {
          throw new ConfigException(
              "Invalid --bench: " + file + " (must be what 'bench --json' wrote)");
        }
        read.add(lines);
      } catch (IOException e) {
        throw new ConfigException("Cannot read --bench " + file + ": " + e.getMessage(), e);
      }
    }
    return read;
  }
}
