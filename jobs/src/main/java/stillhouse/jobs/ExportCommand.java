package stillhouse.jobs;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.Callable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import stillhouse.tracking.TrackedRun;

/** Checkpoints → ONNX files, each held against the network it was written from. */
@Command(
    name = "export",
    mixinStandardHelpOptions = true,
    description = "Writes trained students as ONNX and checks each file against its network.")
final class ExportCommand implements Callable<Integer> {
  private static final Logger log = LoggerFactory.getLogger(ExportCommand.class);
  @Mixin private RunSelection runs;
  @Mixin private TrackingOptions tracking;

  @Option(names = "--force", description = "write files again that are there")
  private boolean force;

  @Override
  public Integer call() throws Exception {
    var folders = runs.folders();
    try (var server = tracking.connect();
        var session = JobSession.open("export")) {
      for (Path folder : folders) {
        Path onnx = folder.resolve(RunRecord.ONNX);
        if (Files.exists(onnx) && !force) {
          log.info("{} is there already; --force writes it again", onnx);
          continue;
        }
        RunRecord record = RunRecord.read(folder);
        OnnxStudent written =
            OnnxStudent.write(
                folder,
                record,
                runs.root().checkpoints(record.name()),
                session.spark().sparkContext().hadoopConfiguration());
        try (TrackedRun run = server.resume(record.mlflowRun())) {
          run.artifact(onnx, "onnx");
          run.metrics(
              Map.of(
                  "model/parameters",
                  (double) record.parameters(),
                  "model/onnx_bytes",
                  (double) written.bytes(),
                  "model/onnx_max_difference_logits",
                  written.difference().logits(),
                  "model/onnx_max_difference_embedding",
                  written.difference().embedding()),
              record.steps());
          run.tags(Map.of("onnx_sha256", written.digest().hex()));
        }
        log.info(
            "Exported {}: {} bytes, logits differ from the network's by at most {}",
            onnx,
            written.bytes(),
            written.difference().logits());
      }
    }
    return 0;
  }
}
