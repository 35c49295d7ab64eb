package stillhouse.jobs;

import java.util.LinkedHashMap;
import java.util.Map;
import picocli.CommandLine.Option;
import stillhouse.conf.ConfFiles;
import stillhouse.data.DatasetConfig;

/** Which data set a job works on. */
final class DataOptions {
  @Option(
      names = "--data",
      required = true,
      paramLabel = "FILE",
      description = "the data set: a YAML file, or a name of conf/datasets")
  private String data;

  @Option(
      names = "--set",
      paramLabel = "NAME=VALUE",
      description = "what $${NAME} stands for in the data set's paths (repeatable)")
  private Map<String, String> variables = new LinkedHashMap<>();

  DatasetConfig load() {
    return DatasetConfig.load(ConfFiles.find("datasets", data), variables);
  }

  /** What {@link Foreseeing} says of the file that is named. */
  void requireNamed() {
    ConfFiles.foreseen("datasets", data).ifPresent(file -> DatasetConfig.load(file, variables));
  }

  /** As one types it. */
  String typed() {
    StringBuilder typed = new StringBuilder("--data " + data);
    variables.forEach(
        (name, value) -> typed.append(" --set ").append(name).append('=').append(value));
    return typed.toString();
  }
}
