package stillhouse.train;

import com.sun.management.OperatingSystemMXBean;
import java.io.IOException;
import java.lang.management.BufferPoolMXBean;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.OptionalDouble;

/**
 * What this process uses. Names are those of MLflow's own system metrics where it has one. What a
 * platform does not tell is left out.
 */
final class ProcessLoad {
  /** Of one core since the last sample: 200 where two were busy. */
  static final String CPU = "cpu_utilization_percentage";

  static final String HEAP = "heap_megabytes";

  /** Buffers outside the heap that Java made: the all-reduce's, readers'. */
  static final String DIRECT = "direct_buffers_megabytes";

  /** All of the process in memory, tensors included. */
  static final String RESIDENT = "resident_megabytes";

  private static final ProcessLoad JVM = new ProcessLoad();
  private static final long SHORTEST_NANOS = 100_000_000; // the clock of CPU time is a coarse one
  private static final double MEGABYTE = 1 << 20;
  private static final Path STATUS = Path.of("/proc/self/status");
  private static final String RESIDENT_LINE = "VmRSS:";

  private final OperatingSystemMXBean system =
      (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
  private long cpuNanos = system.getProcessCpuTime();
  private long wallNanos = System.nanoTime();

  /** Of this JVM, from job to job: a rank's next sample is of the time since its last. */
  static ProcessLoad ofThisJvm() {
    return JVM;
  }

  synchronized Map<String, Double> sample() {
    Map<String, Double> values = new LinkedHashMap<>();
    cpu().ifPresent(percent -> values.put(CPU, percent));
    values.put(HEAP, ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed() / MEGABYTE);
    long direct =
        ManagementFactory.getPlatformMXBeans(BufferPoolMXBean.class).stream()
            .filter(pool -> pool.getName().equals("direct"))
            .mapToLong(BufferPoolMXBean::getMemoryUsed)
            .sum();
    values.put(DIRECT, direct / MEGABYTE);
    resident().ifPresent(megabytes -> values.put(RESIDENT, megabytes));
    return values;
  }

  /** Empty where hardly any time has passed since the last. */
  private OptionalDouble cpu() {
    long cpu = system.getProcessCpuTime();
    long wall = System.nanoTime();
    if (cpu < 0 || wall - wallNanos < SHORTEST_NANOS) {
      return OptionalDouble.empty();
    }
    double percent = 100.0 * (cpu - cpuNanos) / (wall - wallNanos);
    cpuNanos = cpu;
    wallNanos = wall;
    return OptionalDouble.of(percent);
  }

  private static OptionalDouble resident() {
    if (!Files.isReadable(STATUS)) {
      return OptionalDouble.empty(); // not Linux
    }
    try {
      return Files.readAllLines(STATUS).stream()
          .filter(line -> line.startsWith(RESIDENT_LINE))
          .mapToDouble(ProcessLoad::megabytes)
          .findFirst();
    } catch (IOException e) {
      return OptionalDouble.empty(); // nor is this
    }
  }

  /** Of a line such as {@code VmRSS: 123456 kB}. */
  static double megabytes(String line) {
    String[] words = line.trim().split("\\s+");
    return Long.parseLong(words[1]) / 1024.0;
  }
}
