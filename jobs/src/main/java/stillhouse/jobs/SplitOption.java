package stillhouse.jobs;

import java.util.Arrays;
import java.util.List;
import picocli.CommandLine.Option;
import stillhouse.conf.ConfigException;
import stillhouse.data.Split;

/** The part of the data set that a job is about. */
final class SplitOption {
  @Option(
      names = "--split",
      paramLabel = "NAME",
      defaultValue = "test",
      description = "train, val or test (default: ${DEFAULT-VALUE})")
  private String split;

  /**
   * @throws ConfigException where it is no split
   */
  String checked() {
    return checked("--split", split);
  }

  /**
   * @throws ConfigException where {@code split} is none
   */
  static String checked(String option, String split) {
    List<String> splits = Arrays.stream(Split.values()).map(Split::label).toList();
    if (!splits.contains(split)) {
      throw new ConfigException(
          "Invalid " + option + ": " + split + " (must be one of " + splits + ")");
    }
    return split;
  }
}
