package stillhouse.jobs;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import stillhouse.conf.ConfigException;
import stillhouse.data.WorkspaceFolder;
import stillhouse.predict.Latency;
import stillhouse.predict.OnnxBench;
import stillhouse.predict.OnnxBench.Setting;
import stillhouse.predict.OnnxMemory;
import stillhouse.predict.Provider;
import stillhouse.tracking.TrackedRun;
import stillhouse.tracking.TrackingServer;

/** ONNX files → a table of latency and memory by threads and batch, and of sizes. */
@Command(
    name = "bench",
    mixinStandardHelpOptions = true,
    description =
        "Times ONNX files by threads and batch under ONNX Runtime, and says what they take of memory and weigh on disk.")
final class BenchCommand implements Callable<Integer> {
  @Option(names = "--onnx", split = ",", paramLabel = "FILE", description = "files to time")
  private List<Path> files = List.of();

  @Option(
      names = "--run",
      split = ",",
      paramLabel = "NAME",
      description =
          "runs of the workspace, without --root their folders: every precision that was exported; with --mlflow their runs there are told")
  private List<String> runs = List.of();

  @Option(
      names = "--root",
      paramLabel = "DIR",
      description = "the workspace, on this machine: runs are looked for in DIR/runs")
  private Path root;

  @Option(
      names = "--threads",
      split = ",",
      defaultValue = "1,2",
      paramLabel = "N",
      description = "threads inside a call (default: ${DEFAULT-VALUE})")
  private List<Integer> threads;

  @Option(
      names = "--batch",
      split = ",",
      defaultValue = "1,8",
      paramLabel = "N",
      description = "images a call (default: ${DEFAULT-VALUE})")
  private List<Integer> batches;

  @Option(
      names = "--provider",
      split = ",",
      defaultValue = "cpu",
      paramLabel = "NAME",
      description = "cpu, cuda, tensorrt, in the file's own precision (default: ${DEFAULT-VALUE})")
  private List<Provider> providers;

  @Option(
      names = "--warmup",
      defaultValue = "10",
      paramLabel = "N",
      description = "calls that do not count (default: ${DEFAULT-VALUE})")
  private int warmup;

  @Option(
      names = "--calls",
      defaultValue = "100",
      paramLabel = "N",
      description = "calls that do (default: ${DEFAULT-VALUE})")
  private int calls;

  @Option(names = "--json", paramLabel = "FILE", description = "also write the table as JSON")
  private Path json;

  @Option(
      names = "--mlflow",
      paramLabel = "URI",
      description = "the MLflow server that is told (default: none)")
  private String mlflow;

  /** What was measured is told before what could not be is. */
  @Override
  public Integer call() throws IOException {
    Map<Path, String> all = all();
    List<Provider> missing = OnnxBench.missing(providers);
    missing.forEach(
        p ->
            System.out.println(
                "%s: not measured (this ONNX Runtime has %s)"
                    .formatted(p.word(), Provider.built())));
    List<BenchTable.Line> lines = new ArrayList<>();
    Set<String> refused = new LinkedHashSet<>();
    for (Map.Entry<Path, String> file : all.entrySet()) {
      for (Provider provider : providers) {
        if (!missing.contains(provider)) {
          measure(file.getKey(), file.getValue(), provider, lines, refused);
        }
      }
    }
    tell(new BenchTable(all, lines));
    if (!refused.isEmpty()) {
      throw new ConfigException(String.join("\n", refused));
    }
    return 0;
  }

  private void tell(BenchTable table) throws IOException {
    if (!table.lines().isEmpty()) {
      System.out.println(table.latencies());
      System.out.println(table.sizes());
    }
    if (json != null) {
      table.write(json);
    }
    if (mlflow != null) {
      track(table.lines());
    }
  }

  /** Files by what they are of their run. */
  private Map<Path, String> all() {
    Map<Path, String> all = new LinkedHashMap<>();
    files.forEach(file -> all.put(file, ""));
    for (Path run : folders()) {
      OnnxFiles.require(run);
      for (Variant variant : Variant.values()) {
        if (Files.isRegularFile(run.resolve(variant.file()))) {
          all.put(run.resolve(variant.file()), variant.word());
        }
      }
    }
    if (all.isEmpty()) {
      throw new ConfigException("Nothing to time: give --onnx FILE or --run NAME --root DIR");
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

  private List<Path> folders() {
    if (root != null && !Files.isDirectory(root)) {
      throw WorkspaceFolder.none(root.toString());
    }
    Path runsOf = root == null ? Path.of("") : root.resolve("runs");
    List<Path> folders = runs.stream().map(runsOf::resolve).toList();
    for (Path folder : folders) {
      if (!RunRecord.isIn(folder)) {
        throw new ConfigException(
            RunRecord.missing(folder)
                + (root == null ? " Without --root, --run takes the folder of a run." : ""));
      }
    }
    return folders;
  }

  private void measure(
      Path file,
      String variant,
      Provider provider,
      List<BenchTable.Line> lines,
      Set<String> refused)
      throws IOException {
    Path run = variant.isEmpty() ? Path.of("") : file.getParent();
    for (int batch : batches) {
      for (int count : threads) {
        try {
          Setting setting = new Setting(provider, count, batch);
          long memory = OnnxMemory.measure(file, setting);
          Latency latency = OnnxBench.time(file, setting, warmup, calls);
          lines.add(new BenchTable.Line(file, run, variant, setting, latency, memory));
        } catch (IllegalArgumentException e) {
          refused.add(e.getMessage());
        }
      }
    }
  }

  private void track(List<BenchTable.Line> lines) {
    try (TrackingServer server = TrackingServer.connect(mlflow)) {
      for (Path folder : folders()) {
        RunRecord record = RunRecord.read(folder);
        Map<String, Double> metrics = new HashMap<>();
        lines.stream()
            .filter(line -> line.run().equals(folder))
            .forEach(line -> metrics.put(metric(line), line.latency().p50Millis()));
        try (TrackedRun run = server.resume(record.mlflowRun())) {
          run.metrics(metrics, record.steps());
        }
      }
    }
  }

  private static String metric(BenchTable.Line line) {
    Setting setting = line.setting();
    return "bench/%s_%s_threads%d_batch%d_p50_ms"
        .formatted(
            line.variant().replace('-', '_'),
            setting.provider().word(),
            setting.threads(),
            setting.batch());
  }
}
