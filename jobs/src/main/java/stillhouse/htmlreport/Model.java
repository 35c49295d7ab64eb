package stillhouse.htmlreport;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import stillhouse.metrics.Confusion;
import stillhouse.metrics.Metric;
import stillhouse.metrics.PairedBootstrap.Interval;

/**
 * What was scored, and how.
 *
 * @param kind {@code teacher}, {@code student} or {@code predictions}
 * @param run of which it is a file; its name, where it is no other
 * @param precision {@code fp32} and the like; empty where it is no student's file
 * @param trained how, for a person; empty where it is not known
 * @param metrics by flat names, with the ends of their intervals as {@code …_95_low}, {@code
 *     …_95_high}
 * @param classes of each metric, by class 1…K; empty of one that is not there
 * @param bytes on disk; empty where it has no file
 * @param engine of TensorRT: built, or why not; empty where there is nothing to say
 * @param remarks sentences about it
 */
public record Model(
    String name,
    String kind,
    String run,
    String precision,
    String trained,
    Map<String, Double> metrics,
    Map<Metric, List<Optional<Interval>>> classes,
    Optional<Confusion> confusion,
    OptionalLong parameters,
    OptionalLong bytes,
    OptionalDouble millis,
    String engine,
    List<String> remarks) {
  /** The precision that others are made of. */
  public static final String WHOLE = "fp32";

  OptionalDouble metric(String key) {
    Double value = metrics.get(key);
    return value == null ? OptionalDouble.empty() : OptionalDouble.of(value);
  }

  /** Whether it is a file beside the one that others are made of. */
  boolean isVariant() {
    return !precision.isEmpty() && !precision.equals(WHOLE);
  }

  boolean isStudent() {
    return !precision.isEmpty();
  }
}
