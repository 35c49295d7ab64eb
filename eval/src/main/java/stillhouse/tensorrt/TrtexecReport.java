package stillhouse.tensorrt;

import java.util.HashMap;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The performance summary that {@code trtexec} prints, in the form of TensorRT 8.6 to 10: {@code
 * Throughput: … qps}, then {@code NAME: min = … ms, max = …, mean = …, median = …, percentile(90%)
 * = …}. Written against that documented form; not verified on a GPU.
 *
 * @param throughputPerSecond inferences (batches) a second
 * @param latency from host memory to host memory
 * @param gpuCompute the kernels alone
 */
public record TrtexecReport(double throughputPerSecond, Timing latency, Timing gpuCompute) {
  private static final String NUMBER = "([0-9.]+(?:[eE][-+]?[0-9]+)?)";
  private static final Pattern THROUGHPUT =
      Pattern.compile("^.*\\] Throughput: " + NUMBER + " qps", Pattern.MULTILINE);
  private static final Pattern FIELD =
      Pattern.compile("(min|max|mean|median|percentile\\([0-9.]+%\\)) = " + NUMBER + " ms");

  /**
   * Milliseconds.
   *
   * @param p90Millis NaN where this {@code trtexec} does not print it, as the other percentiles
   */
  public record Timing(
      double minMillis,
      double medianMillis,
      double meanMillis,
      double p90Millis,
      double p95Millis,
      double p99Millis,
      double maxMillis) {}

  /**
   * @throws IllegalArgumentException where the text has no such summary
   */
  public static TrtexecReport parse(String output) {
    Matcher throughput = THROUGHPUT.matcher(output);
    if (!throughput.find()) {
      throw new IllegalArgumentException(
          "Cannot read trtexec's output: no line 'Throughput: … qps' in it");
    }
    return new TrtexecReport(
        Double.parseDouble(throughput.group(1)),
        timing(output, "Latency"),
        timing(output, "GPU Compute Time"));
  }

  private static Timing timing(String output, String name) {
    Matcher line =
        Pattern.compile("^.*\\] " + name + ": (min = .*)$", Pattern.MULTILINE).matcher(output);
    if (!line.find()) {
      throw new IllegalArgumentException(
          "Cannot read trtexec's output: no line '" + name + ": min = …' in it");
    }
    Map<String, Double> fields = new HashMap<>();
    Matcher field = FIELD.matcher(line.group(1));
    while (field.find()) {
      fields.put(field.group(1), Double.valueOf(field.group(2)));
    }
    return new Timing(
        field(fields, "min"),
        field(fields, "median"),
        field(fields, "mean"),
        field(fields, "percentile(90%)"),
        field(fields, "percentile(95%)"),
        field(fields, "percentile(99%)"),
        field(fields, "max"));
  }

  private static double field(Map<String, Double> fields, String name) {
    return fields.getOrDefault(name, Double.NaN);
  }
}
