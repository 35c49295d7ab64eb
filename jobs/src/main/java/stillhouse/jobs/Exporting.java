package stillhouse.jobs;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import org.apache.hadoop.conf.Configuration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import stillhouse.tracking.OnnxModel;
import stillhouse.tracking.TrackedRun;
import stillhouse.tracking.TrackingServer;

/**
 * Writes trained runs as ONNX, on the driver, and sends the files to each one's MLflow run.
 *
 * @param force whether files that are there are written again
 */
record Exporting(RootOption root, TrackingServer server, Configuration hadoop, boolean force) {
  private static final Logger log = LoggerFactory.getLogger(Exporting.class);

  /** What is there is written no more, and what MLflow has is not sent again. */
  void export(Path folder) throws IOException {
    RunRecord record = RunRecord.read(folder);
    Path onnx = folder.resolve(RunRecord.ONNX);
    boolean anew = force || !PromptableRun.isWhole(folder, record);
    Optional<OnnxStudent> there = anew ? Optional.empty() : OnnxStudent.read(folder, record);
    if (there.filter(OnnxStudent::tracked).isPresent()) {
      log.info("{} is there already; --force writes it again", onnx);
      return;
    }
    OnnxStudent student;
    if (there.isPresent()) {
      student = there.get();
      log.info("{} is there already; MLflow does not have it yet", onnx);
    } else {
      student = OnnxStudent.write(folder, record, root, hadoop);
      log.info(
          "Exported {}: {} bytes, logits differ from the network's by at most {}",
          onnx,
          student.bytes(),
          student.logits());
    }
    track(student, record, onnx);
    student.track(folder);
  }

  private void track(OnnxStudent student, RunRecord record, Path onnx) {
    try (TrackedRun run = server.resume(record.mlflowRun())) {
      run.artifact(onnx, "onnx");
      for (Path file : PromptableRun.files(onnx.getParent())) { // a folder that is a teacher, too
        run.artifact(file, "onnx");
      }
      run.artifacts(
          OnnxModel.write(onnx, onnx.resolveSibling("model"), run.id()),
          OnnxModel.artifact(student.sha256()));
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
