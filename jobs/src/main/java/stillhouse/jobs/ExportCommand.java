package stillhouse.jobs;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.apache.hadoop.conf.Configuration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import stillhouse.tracking.TrackedRun;
import stillhouse.tracking.TrackingServer;

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
    Configuration hadoop = JobSession.hadoop(); // all of it runs on the driver: no session
    try (var server = tracking.connect()) {
      for (Path folder : folders) {
        export(folder, server, hadoop);
      }
    }
    return 0;
  }

  /** What is there is written no more, and what MLflow has is not sent again. */
  private void export(Path folder, TrackingServer server, Configuration hadoop) throws IOException {
    RunRecord record = RunRecord.read(folder);
    Path onnx = folder.resolve(RunRecord.ONNX);
    Optional<OnnxStudent> there = force ? Optional.empty() : OnnxStudent.read(folder, record);
    if (there.filter(OnnxStudent::tracked).isPresent()) {
      log.info("{} is there already; --force writes it again", onnx);
      return;
    }
    OnnxStudent student;
    if (there.isPresent()) {
      student = there.get();
      log.info("{} is there already; MLflow does not have it yet", onnx);
    } else {
      student = OnnxStudent.write(folder, record, runs.root(), hadoop);
      log.info(
          "Exported {}: {} bytes, logits differ from the network's by at most {}",
          onnx,
          student.bytes(),
          student.logits());
    }
    track(student, record, onnx, server);
    student.track(folder);
  }

  private static void track(
      OnnxStudent student, RunRecord record, Path onnx, TrackingServer server) {
    try (TrackedRun run = server.resume(record.mlflowRun())) {
      run.artifact(onnx, "onnx");
      run.metrics(
          Map.of(
              "model/parameters",
              (double) record.parameters(),
              "model/onnx_bytes",
              (double) student.bytes(),
              "model/onnx_max_difference_logits",
              student.logits(),
              "model/onnx_max_difference_embedding",
              student.embedding()),
          record.steps());
      run.tags(Map.of("onnx_sha256", student.sha256()));
    }
  }
}
