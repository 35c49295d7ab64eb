package stillhouse.tensorrt;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * NVIDIA's {@code trtexec} of one TensorRT version, and the options that its help lists. Since
 * TensorRT 11 every network is strongly typed, nothing is copied to or from the device unless asked
 * for, and options that ask for what is the default now do nothing.
 *
 * @param version such as 10.3.0; empty where it does not say
 * @param options by name, with the line that the help has of each
 */
record Trtexec(Path program, String version, Map<String, String> options) {
  private static final Duration HELP = Duration.ofMinutes(2); // CUDA's libraries are loaded first
  private static final Pattern OPTION = Pattern.compile("(?m)^\\s+(--[A-Za-z]\\w*).*$");
  private static final Pattern BANNER = Pattern.compile("\\[TensorRT v([0-9.]+)\\]");
  private static final Pattern LINE = Pattern.compile("TensorRT version: ([0-9.]+)");

  /**
   * Asks it for its help.
   *
   * @throws EngineBuildException where it does not start
   */
  static Trtexec probe(Path program) {
    try {
      Tool.Output help = Tool.ask(List.of(program.toString(), "--help"), HELP);
      Trtexec trtexec = of(program, help.text());
      if (trtexec.options().isEmpty()) {
        throw new EngineBuildException(
            "%s does not start: it ended with %d and said '%s'"
                .formatted(program, help.exit(), help.text().strip()));
      }
      return trtexec;
    } catch (IOException e) {
      throw new EngineBuildException(program + " does not start: " + e.getMessage(), e);
    }
  }

  static Trtexec of(Path program, String help) {
    Map<String, String> options = new HashMap<>();
    Matcher option = OPTION.matcher(help);
    while (option.find()) {
      options.putIfAbsent(option.group(1), option.group());
    }
    return new Trtexec(program, version(help), options);
  }

  /**
   * The version in what {@code trtexec} prints: {@code v100300} is 10.3.0, {@code v8601} 8.6.1, and
   * one with points is taken as it is.
   */
  static String version(String output) {
    Matcher line = LINE.matcher(output);
    if (line.find()) {
      return line.group(1);
    }
    Matcher banner = BANNER.matcher(output);
    if (!banner.find()) {
      return "";
    }
    String digits = banner.group(1);
    if (digits.contains(".")) {
      return digits;
    }
    int number = Integer.parseInt(digits);
    int major = number < 10_000 ? 1000 : 10_000; // since 10 there are two digits for the minor
    return "%d.%d.%d".formatted(number / major, number % major / 100, number % 100);
  }

  /** Whether it builds networks whose types are those of their file. */
  boolean buildsStronglyTyped() {
    return options.containsKey("--stronglyTyped") || !options.containsKey("--fp16");
  }

  /** An option that is listed and not said to do nothing any more. */
  private boolean matters(String option) {
    return options.containsKey(option) && !options.get(option).contains("[Deprecated]");
  }

  /**
   * The command that builds and times an engine. Whatever the version, latency is from host memory
   * to host memory, without a profiler attached, by a CUDA graph.
   *
   * @param out of engine and profile
   */
  List<String> command(NetworkFile network, Path out, EngineOptions build) {
    List<String> command = new ArrayList<>();
    command.add(program.toString());
    command.add("--onnx=" + network.path());
    command.add("--saveEngine=" + out.resolve(EngineManifest.ENGINE));
    command.add("--timingCacheFile=" + build.timingCache(out));
    command.add("--exportProfile=" + out.resolve(EngineManifest.PROFILE));
    command.addAll(settings(network, build));
    return command;
  }

  /** Of the command what decides how an engine comes out, and its figures. */
  List<String> settings(NetworkFile network, EngineOptions build) {
    List<String> settings = new ArrayList<>();
    List.of(
            "--stronglyTyped",
            "--separateProfileRun",
            "--useCudaGraph",
            "--useSpinWait",
            "--includeDataTransfers")
        .stream()
        .filter(this::matters)
        .forEach(settings::add);
    List<Integer> shape = network.shape(build.batch());
    if (!network.isFixed()) {
      settings.add(
          shape.stream()
              .map(String::valueOf)
              .collect(Collectors.joining("x", "--shapes=" + network.input() + ":", "")));
    }
    settings.addAll(build.extra());
    return settings;
  }
}
