package stillhouse.jobs;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.apache.hadoop.conf.Configuration;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import stillhouse.conf.ConfigException;
import stillhouse.predict.StrataFile;
import stillhouse.tracking.TrackingServer;

/** Checkpoints → ONNX files, each held against the network it was written from. */
@Command(
    name = "export",
    mixinStandardHelpOptions = true,
    description =
        "Writes trained students as ONNX and checks each file against its network: of a run with validation its best checkpoint, of another one its last.")
final class ExportCommand implements Callable<Integer> {
  @Mixin private RunSelection runs;
  @Mixin private TrackingOptions tracking;
  @Mixin private VariantOptions variants;

  @Option(names = "--force", description = "write files again that are there")
  private boolean force;

  @Override
  public Integer call() throws Exception {
    var folders = runs.folders();
    variants.calibration();
    variants.points();
    boolean calibrated = variants.others().stream().anyMatch(Variant::calibrated);
    if (variants.strata().isPresent() && !calibrated) {
      throw new ConfigException(
          "Invalid --strata: no file is calibrated (must stand beside --variants int8 or int8-cpu)");
    }
    Configuration hadoop = JobSession.hadoop(); // FP32 is written on the driver: no session
    variants.strata().ifPresent(file -> StrataFile.requireThere(file, hadoop));
    try (var server = tracking.connect()) {
      var exporting = new Exporting(runs.root(), server, hadoop, force);
      for (Path folder : folders) {
        exporting.export(folder);
      }
      if (calibrated) {
        try (var session = JobSession.open("export")) {
          write(
              folders,
              server,
              hadoop,
              Optional.of(
                  new Int8Calibration(
                      session.spark(), runs.root().uri(), variants.images(), variants.strata())));
        }
      } else if (!variants.others().isEmpty()) {
        write(folders, server, hadoop, Optional.empty());
      }
    }
    return 0;
  }

  private void write(
      List<Path> folders,
      TrackingServer server,
      Configuration hadoop,
      Optional<Int8Calibration> images)
      throws IOException {
    var points = new FusedPoints(runs.root(), hadoop);
    var files = new VariantFiles(variants, images, points, server);
    for (Path folder : folders) {
      files.write(folder);
    }
  }
}
