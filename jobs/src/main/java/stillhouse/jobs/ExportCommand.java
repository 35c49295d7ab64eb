package stillhouse.jobs;

import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.apache.hadoop.conf.Configuration;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Checkpoints → ONNX files, each held against the network it was written from. */
@Command(
    name = "export",
    mixinStandardHelpOptions = true,
    description =
        "Writes trained students as ONNX and checks each file against its network: of a run with validation its best checkpoint, of another one its last.")
final class ExportCommand implements Callable<Integer> {
  @Mixin private RunSelection runs;
  @Mixin private TrackingOptions tracking;

  @Option(names = "--force", description = "write files again that are there")
  private boolean force;

  @Override
  public Integer call() throws Exception {
    var folders = runs.folders();
    Configuration hadoop = JobSession.hadoop(); // all of it runs on the driver: no session
    try (var server = tracking.connect()) {
      var exporting = new Exporting(runs.root(), server, hadoop, force);
      for (Path folder : folders) {
        exporting.export(folder);
      }
    }
    return 0;
  }
}
