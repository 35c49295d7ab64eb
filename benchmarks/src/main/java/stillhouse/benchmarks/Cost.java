package stillhouse.benchmarks;

import com.sun.management.OperatingSystemMXBean;
import java.lang.management.ManagementFactory;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;

/**
 * What something took in this JVM.
 *
 * @param wall seconds
 * @param processor seconds of all the JVM's threads, user and system
 */
record Cost(double wall, double processor) {
  private static final OperatingSystemMXBean SYSTEM =
      (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();

  /** Nanoseconds. */
  record Start(long wall, long processor) {
    Cost cost() {
      return new Cost(
          (System.nanoTime() - wall) / 1e9, (SYSTEM.getProcessCpuTime() - processor) / 1e9);
    }
  }

  static Start start() {
    return new Start(System.nanoTime(), SYSTEM.getProcessCpuTime());
  }

  static Cost median(List<Cost> costs) {
    return new Cost(
        middle(costs.stream().map(Cost::wall)), middle(costs.stream().map(Cost::processor)));
  }

  private static double middle(Stream<Double> values) {
    List<Double> sorted = values.sorted().toList();
    return sorted.get(sorted.size() / 2);
  }

  @Override
  public String toString() {
    return String.format(Locale.ROOT, "%.2f s (%.2f s of processor)", wall, processor);
  }
}
