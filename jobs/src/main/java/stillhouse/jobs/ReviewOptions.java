package stillhouse.jobs;

import java.util.Arrays;
import java.util.List;
import picocli.CommandLine.Option;
import stillhouse.conf.ConfigException;
import stillhouse.data.Split;
import stillhouse.predict.Reading;

/** When student and teacher count as disagreeing, and how many samples are drawn. */
final class ReviewOptions {
  @Option(
      names = "--split",
      paramLabel = "NAME",
      defaultValue = "train",
      description = "train, val or test (default: ${DEFAULT-VALUE})")
  private String split;

  @Option(
      names = "--reading",
      paramLabel = "NAME",
      converter = ReadingConverter.class,
      defaultValue = "absolute",
      description =
          "difference: IoU(teacher, label) - IoU(student, label) > threshold; divergence: the same either way round; absolute: IoU(student, teacher) < 1 - threshold; below: IoU(student, teacher) < threshold. Samples without a label are read as absolute where the reading needs one (default: ${DEFAULT-VALUE})")
  private Reading reading;

  @Option(
      names = "--threshold",
      paramLabel = "F",
      defaultValue = "0.15",
      description = "of the reading (default: ${DEFAULT-VALUE})")
  private double threshold;

  @Option(
      names = "--worst",
      paramLabel = "N",
      defaultValue = "24",
      description = "how many samples are drawn (default: ${DEFAULT-VALUE})")
  private int worst;

  ReviewTerms terms() {
    List<String> splits = Arrays.stream(Split.values()).map(Split::label).toList();
    if (!splits.contains(split)) {
      throw new ConfigException("Invalid --split: " + split + " (must be one of " + splits + ")");
    }
    return new ReviewTerms(split, reading, threshold, worst);
  }
}
