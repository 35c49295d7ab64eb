package stillhouse.jobs;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalLong;
import stillhouse.predict.Latency;
import stillhouse.predict.OnnxBench.Setting;
import stillhouse.predict.OnnxParameters;

/**
 * What ONNX files take and weigh.
 *
 * @param files by what they are of their run; empty for files of none
 */
record BenchTable(Map<Path, String> files, List<Line> lines) {
  private static final String PARAMETERS =
      "parameters: of a run's files what was trained, as its record has it; of points and of other files the numbers in the"
          + " file, without scales and zero points";

  /**
   * A line of the table.
   *
   * @param run folder of the run that it is of; empty for others
   * @param variant of a run's file; empty for others
   * @param latency of a call, of the whole batch
   * @param residentBytes as {@link stillhouse.predict.OnnxMemory} has it
   */
  record Line(
      Path file, Path run, String variant, Setting setting, Latency latency, long residentBytes) {
    double imagesPerSecond() {
      return 1000 * setting.batch() / latency.p50Millis();
    }
  }

  String latencies() {
    var table =
        new TextTable(
            "file", "on", "threads", "batch", "p50 ms", "p90 ms", "p99 ms", "images/s", "memory");
    for (Line line : lines) {
      table.add(
          label(line.file(), line.variant()),
          line.setting().provider().word(),
          (long) line.setting().threads(),
          (long) line.setting().batch(),
          millis(line.latency().p50Millis()),
          millis(line.latency().p90Millis()),
          millis(line.latency().p99Millis()),
          String.format(Locale.ROOT, "%.1f", line.imagesPerSecond()),
          TextTable.bytes(line.residentBytes()));
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

  /** What the files weigh, and what share of their run's FP32 file that is. */
  String sizes() throws IOException {
    var table = new TextTable("file", "parameters", "bytes on disk", "of fp32");
    for (Map.Entry<Path, String> file : files.entrySet()) {
      long bytes = Files.size(file.getKey());
      String share = "";
      if (!file.getValue().isEmpty()) {
        long whole = Files.size(OnnxFiles.require(file.getKey().toAbsolutePath().getParent()));
        share = String.format(Locale.ROOT, "%.3f", bytes / (double) whole);
      }
      OptionalLong parameters = parameters(file.getKey(), file.getValue());
      table.add(
          label(file.getKey(), file.getValue()),
          parameters.isPresent() ? (Object) parameters.getAsLong() : "-",
          bytes,
          share);
    }
    return table.text() + PARAMETERS;
  }

  /** Empty of a file in another format than ONNX. */
  private static OptionalLong parameters(Path file, String variant) {
    Path run = file.toAbsolutePath().getParent();
    boolean whole = variant.isEmpty() || variant.equals(Variant.POINTS.word()); // with its decoder
    return whole || !Files.isRegularFile(run.resolve(RunRecord.FILE))
        ? OnnxParameters.of(file)
        : OptionalLong.of(RunRecord.read(run).parameters());
  }

  void write(Path json) throws IOException {
    ArrayNode array = JsonFiles.JSON.createArrayNode();
    for (Line line : lines) {
      ObjectNode each = array.addObject();
      each.put("file", line.file().toString()).put("variant", line.variant());
      each.put("provider", line.setting().provider().word());
      each.put("threads", line.setting().threads()).put("batch", line.setting().batch());
      line.latency().toMap().forEach(each::put);
      each.put("calls", line.latency().runs());
      each.put("images_per_second", line.imagesPerSecond());
      each.put("resident_bytes", line.residentBytes());
      parameters(line.file(), line.variant()).ifPresent(count -> each.put("parameters", count));
      each.put("bytes", Files.size(line.file()));
    }
    JsonFiles.write(json, array);
  }
}
