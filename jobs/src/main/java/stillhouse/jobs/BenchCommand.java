package stillhouse.jobs;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import stillhouse.conf.ConfigException;
import stillhouse.predict.Latency;
import stillhouse.predict.OnnxBench;
import stillhouse.predict.OnnxBench.Setting;
import stillhouse.predict.Provider;
import stillhouse.tracking.TrackedRun;
import stillhouse.tracking.TrackingServer;

/** ONNX files → a table of latency by threads and batch, and of sizes. */
@Command(
    name = "bench",
    mixinStandardHelpOptions = true,
    description =
        "Times ONNX files by threads and batch under ONNX Runtime, and says what they weigh on disk.")
final class BenchCommand implements Callable<Integer> {
  @Option(names = "--onnx", split = ",", paramLabel = "FILE", description = "files to time")
  private List<Path> files = List.of();

  @Option(
      names = "--run",
      split = ",",
      paramLabel = "DIR",
      description =
          "folders of runs (ROOT/runs/NAME): every precision that was exported; with --mlflow their runs there are told")
  private List<Path> runs = List.of();

  @Option(
      names = "--threads",
      split = ",",
      defaultValue = "1,2",
      description = "threads inside a call (default: ${DEFAULT-VALUE})")
  private List<Integer> threads;

  @Option(
      names = "--batch",
      split = ",",
      defaultValue = "1,8",
      description = "images a call (default: ${DEFAULT-VALUE})")
  private List<Integer> batches;

  @Option(
      names = "--provider",
      split = ",",
      defaultValue = "cpu",
      description = "cpu, cuda, tensorrt (default: ${DEFAULT-VALUE})")
  private List<Provider> providers;

  @Option(
      names = "--warmup",
      defaultValue = "10",
      description = "calls that do not count (default: ${DEFAULT-VALUE})")
  private int warmup;

  @Option(
      names = "--calls",
      defaultValue = "100",
      description = "calls that do (default: ${DEFAULT-VALUE})")
  private int calls;

  @Option(names = "--json", paramLabel = "FILE", description = "also write the table as JSON")
  private Path json;

  @Option(
      names = "--mlflow",
      paramLabel = "URI",
      description = "the MLflow server that is told (default: none)")
  private String mlflow;

  /**
   * A line of the table.
   *
   * @param variant of a run's file; empty for others
   */
  private record Line(
      Path file, Path run, String variant, Setting setting, OnnxBench.Result result) {
    double imagesPerSecond() {
      return 1000 * setting.batch() / result.latency().p50Millis();
    }
  }

  @Override
  public Integer call() throws IOException {
    Map<Path, String> all = all();
    List<Provider> missing = OnnxBench.missing(providers);
    missing.forEach(
        p ->
            System.out.println(
                "%s: not measured (this ONNX Runtime has %s)"
                    .formatted(p.word(), Provider.built())));
    List<Line> lines = new ArrayList<>();
    for (Map.Entry<Path, String> file : all.entrySet()) {
      for (Provider provider : providers) {
        if (!missing.contains(provider)) {
          measure(file.getKey(), file.getValue(), provider, lines);
        }
      }
    }
    System.out.println(text(lines));
    System.out.println(sizes(all));
    if (json != null) {
      write(lines);
    }
    if (mlflow != null) {
      track(lines);
    }
    return 0;
  }

  /** Files by what they are of their run. */
  private Map<Path, String> all() {
    Map<Path, String> all = new LinkedHashMap<>();
    files.forEach(file -> all.put(file, ""));
    for (Path run : runs) {
      OnnxFiles.require(run);
      for (Variant variant : Variant.values()) {
        if (Files.isRegularFile(run.resolve(variant.file()))) {
          all.put(run.resolve(variant.file()), variant.word());
        }
      }
    }
    if (all.isEmpty()) {
      throw new ConfigException("Nothing to time: give --onnx FILE or --run ROOT/runs/NAME");
    }
    for (Path file : all.keySet()) {
      if (!Files.isRegularFile(file)) {
        throw new ConfigException("Cannot time " + file + ": no such file");
      }
    }
    if (warmup < 0 || calls < 1) {
      throw new ConfigException(
          "Invalid --warmup or --calls: %d, %d (must be ≥ 0 and ≥ 1)".formatted(warmup, calls));
    }
    return all;
  }

  private void measure(Path file, String variant, Provider provider, List<Line> lines)
      throws IOException {
    for (int batch : batches) {
      for (int count : threads) {
        try {
          Setting setting = new Setting(provider, count, batch);
          Path run = variant.isEmpty() ? Path.of("") : file.getParent();
          lines.add(
              new Line(
                  file, run, variant, setting, OnnxBench.measure(file, setting, warmup, calls)));
        } catch (IllegalArgumentException e) {
          throw new ConfigException(e.getMessage(), e);
        }
      }
    }
  }

  private String text(List<Line> lines) {
    var table =
        new TextTable(
            "file", "on", "threads", "batch", "p50 ms", "p90 ms", "p99 ms", "images/s", "memory");
    for (Line line : lines) {
      Latency latency = line.result().latency();
      table.add(
          label(line.file(), line.variant()),
          line.setting().provider().word(),
          (long) line.setting().threads(),
          (long) line.setting().batch(),
          millis(latency.p50Millis()),
          millis(latency.p90Millis()),
          millis(latency.p99Millis()),
          String.format(Locale.ROOT, "%.1f", line.imagesPerSecond()),
          TextTable.bytes(line.result().residentBytes()));
    }
    return table.text();
  }

  private static String millis(double value) {
    return String.format(Locale.ROOT, "%.2f", value);
  }

  private static String label(Path file, String variant) {
    return variant.isEmpty()
        ? file.toString()
        : file.toAbsolutePath().getParent().getFileName() + " " + variant;
  }

  /** What the files weigh, and what share of the first one of their folder that is. */
  private static String sizes(Map<Path, String> all) throws IOException {
    var table = new TextTable("file", "bytes on disk", "of fp32");
    for (Map.Entry<Path, String> file : all.entrySet()) {
      long bytes = Files.size(file.getKey());
      String share = "";
      if (!file.getValue().isEmpty()) {
        long whole = Files.size(OnnxFiles.require(file.getKey().toAbsolutePath().getParent()));
        share = String.format(Locale.ROOT, "%.3f", bytes / (double) whole);
      }
      table.add(label(file.getKey(), file.getValue()), bytes, share);
    }
    return table.text();
  }

  private void write(List<Line> lines) throws IOException {
    ArrayNode array = JsonFiles.JSON.createArrayNode();
    for (Line line : lines) {
      ObjectNode each = array.addObject();
      each.put("file", line.file().toString()).put("variant", line.variant());
      each.put("provider", line.setting().provider().word());
      each.put("threads", line.setting().threads()).put("batch", line.setting().batch());
      line.result().latency().toMap().forEach(each::put);
      each.put("calls", line.result().latency().runs());
      each.put("images_per_second", line.imagesPerSecond());
      each.put("resident_bytes", line.result().residentBytes());
      each.put("bytes", Files.size(line.file()));
    }
    JsonFiles.write(json, array);
  }

  private void track(List<Line> lines) {
    try (TrackingServer server = TrackingServer.connect(mlflow)) {
      for (Path folder : runs) {
        RunRecord record = RunRecord.read(folder);
        Map<String, Double> metrics = new HashMap<>();
        lines.stream()
            .filter(line -> line.run().equals(folder))
            .forEach(line -> metrics.put(metric(line), line.result().latency().p50Millis()));
        try (TrackedRun run = server.resume(record.mlflowRun())) {
          run.metrics(metrics, record.steps());
        }
      }
    }
  }

  private static String metric(Line line) {
    Setting setting = line.setting();
    return "bench/%s_%s_threads%d_batch%d_p50_ms"
        .formatted(
            line.variant().replace('-', '_'),
            setting.provider().word(),
            setting.threads(),
            setting.batch());
  }
}
