package stillhouse.jobs;

import java.util.Locale;
import java.util.Optional;
import picocli.CommandLine.Option;
import stillhouse.comm.RingCost;
import stillhouse.conf.ConfFiles;
import stillhouse.conf.ConfigException;
import stillhouse.student.StudentConfig;

/**
 * What all-reduce will take of a student's steps, on paper: before there is a cluster to measure.
 */
final class RingOptions {
  private static final double BITS = 8;
  private static final double SHARE = 0.1; // past which gradient accumulation is worth its wait

  @Option(
      names = "--student",
      paramLabel = "NAME",
      description = "also say what all-reduce would take of this student's training steps")
  private String student;

  @Option(
      names = "--ranks",
      paramLabel = "N",
      defaultValue = "4",
      description = "ranks of that training (default: ${DEFAULT-VALUE})")
  private int ranks;

  @Option(
      names = "--link",
      paramLabel = "GBIT",
      defaultValue = "10",
      description =
          "gigabits a second of the slowest link between them: a host's network, or some 20 of a"
              + " host's own loopback (default: ${DEFAULT-VALUE})")
  private double gigabits;

  @Option(
      names = "--latency",
      paramLabel = "MICROSECONDS",
      defaultValue = "50",
      description = "of one message over it (default: ${DEFAULT-VALUE})")
  private double latency;

  /** Empty without a student. */
  Optional<String> told(int classes) {
    if (student == null) {
      return Optional.empty();
    }
    if (ranks < 1 || !(gigabits > 0) || !(latency >= 0)) {
      throw new ConfigException(
          "Invalid --ranks: %d (must be >= 1), --link: %s (must be > 0), --latency: %s (must be >= 0)"
              .formatted(ranks, gigabits, latency));
    }
    StudentConfig config = StudentConfig.load(ConfFiles.find("students", student));
    long parameters = Network.parameters(config, classes);
    return Optional.of(text(config.name(), parameters));
  }

  private String text(String name, long parameters) {
    var ring = new RingCost(ranks, parameters * Float.BYTES, gigabits * 1e9 / BITS, latency * 1e-6);
    return String.format(
        Locale.ROOT,
        "all-reduce on paper: %s has %,d parameters, %s of gradients; over %d ranks by %s Gbit/s at"
            + " least %.1f ms a step. It is under a tenth of steps longer than %.0f ms (`training:"
            + " {accumulation}` of a recipe makes steps longer).",
        name,
        parameters,
        TextTable.bytes(parameters * Float.BYTES),
        ranks,
        gigabits,
        1e3 * ring.seconds(),
        1e3 * (ring.stepSeconds(SHARE) + ring.seconds()));
  }
}
