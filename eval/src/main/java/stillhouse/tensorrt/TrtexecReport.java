package stillhouse.tensorrt;

import java.util.Collections;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What {@code trtexec} prints of an engine that it built and ran, in the form of TensorRT 8.6 to
 * 11.1: {@code Throughput: … qps}, then {@code NAME: min = … ms, max = …, mean = …, median = …,
 * percentile(90%) = …} with whatever percentiles were asked for. Written against the program's
 * published source; no GPU has made such a text here.
 *
 * @param device the GPU that it took; empty where it does not say, as the two that follow
 * @param computeCapability of that device
 * @param tensorRt version
 * @param buildSeconds NaN where it does not say
 * @param queriesPerSecond calls, of a whole batch each
 * @param latency from host memory to host memory
 * @param gpuCompute the kernels alone
 */
public record TrtexecReport(
    String device,
    String computeCapability,
    String tensorRt,
    double buildSeconds,
    double queriesPerSecond,
    Timing latency,
    Timing gpuCompute) {
  private static final String NUMBER = "([0-9.]+(?:[eE][-+]?[0-9]+)?)";
  private static final String BEFORE = "(?m)^(?:\\s*\\[[^\\]]*\\])*\\s*"; // time, severity, [TRT]
  private static final Pattern THROUGHPUT =
      Pattern.compile(BEFORE + "Throughput: " + NUMBER + " qps");
  private static final Pattern FIELD =
      Pattern.compile("(min|max|mean|median|percentile\\(([0-9.]+)%\\)) ?= ?" + NUMBER + " ?ms");
  private static final Pattern DEVICE = Pattern.compile(BEFORE + "Selected Device: (.+)$");
  private static final Pattern CAPABILITY =
      Pattern.compile(BEFORE + "Compute Capability: ([0-9.]+)");
  private static final Pattern BUILT = Pattern.compile(BEFORE + "Engine built in " + NUMBER);

  /**
   * Milliseconds.
   *
   * @param values by name: {@code min}, {@code median}, {@code mean}, {@code max}, and {@code p90}
   *     and the like
   */
  public record Timing(Map<String, Double> values) {
    private static final String MEDIAN = "median";

    public Timing {
      values = Collections.unmodifiableSortedMap(new TreeMap<>(values)); // files keep this order
    }

    public double medianMillis() {
      return values.get(MEDIAN);
    }
  }

  /**
   * @throws IllegalArgumentException where the text has no such summary
   */
  public static TrtexecReport parse(String output) {
    Matcher throughput = THROUGHPUT.matcher(output);
    if (!throughput.find()) {
      throw new IllegalArgumentException(
          "Cannot read trtexec's output: no line 'Throughput: … qps' in it");
    }
    String seconds = first(BUILT, output);
    return new TrtexecReport(
        first(DEVICE, output),
        first(CAPABILITY, output),
        Trtexec.version(output),
        seconds.isEmpty() ? Double.NaN : Double.parseDouble(seconds),
        Double.parseDouble(throughput.group(1)),
        timing(output, "Latency"),
        timing(output, "GPU Compute Time"));
  }

  private static String first(Pattern pattern, String output) {
    Matcher found = pattern.matcher(output);
    return found.find() ? found.group(1).strip() : "";
  }

  private static Timing timing(String output, String name) {
    Matcher line = Pattern.compile(BEFORE + name + ": (min ?= ?.*)$").matcher(output);
    if (!line.find()) {
      throw new IllegalArgumentException(
          "Cannot read trtexec's output: no line '" + name + ": min = …' in it");
    }
    Map<String, Double> values = new TreeMap<>();
    Matcher field = FIELD.matcher(line.group(1));
    while (field.find()) {
      String key = field.group(2) == null ? field.group(1) : "p" + field.group(2);
      values.put(key, Double.valueOf(field.group(3)));
    }
    if (!values.containsKey(Timing.MEDIAN)) {
      throw new IllegalArgumentException(
          "Cannot read trtexec's output: no median in '" + line.group().strip() + "'");
    }
    return new Timing(values);
  }
}
