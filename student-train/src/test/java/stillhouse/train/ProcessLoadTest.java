package stillhouse.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.nio.ByteBuffer;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.Test;

class ProcessLoadTest {
  @Test
  void countsABusyCoreAndWhatABufferTakes() {
    ProcessLoad process = new ProcessLoad();
    Map<String, Double> before = process.sample();
    ByteBuffer buffer = ByteBuffer.allocateDirect(32 << 20);
    long end = System.nanoTime() + 300_000_000;
    long steps = 0;
    while (System.nanoTime() < end) {
      buffer.put((int) (steps++ % buffer.capacity()), (byte) 1);
    }
    Map<String, Double> after = process.sample();
    assertThat(after.get(ProcessLoad.CPU)).isGreaterThan(10); // the core may be shared
    assertThat(after.get(ProcessLoad.DIRECT) - before.get(ProcessLoad.DIRECT))
        .isCloseTo(32, within(1.0));
    assertThat(after.get(ProcessLoad.RESIDENT)).isGreaterThan(after.get(ProcessLoad.DIRECT));
  }

  @Test
  void readsTheKernelsLine() {
    assertThat(ProcessLoad.megabytes("VmRSS:\t  204800 kB")).isEqualTo(200);
  }

  @Test
  void endsQuietlyWhereNobodyHears() throws InterruptedException {
    var uncaught = new CopyOnWriteArrayList<Throwable>();
    var before = Thread.getDefaultUncaughtExceptionHandler();
    Thread.setDefaultUncaughtExceptionHandler((thread, e) -> uncaught.add(e));
    try (var reports =
        new LoadReports(
            3,
            1,
            load -> {
              throw new TrainingException("Cannot report to the driver");
            })) {
      Thread.sleep(200);
      assertThat(uncaught).isEmpty();
    } finally {
      Thread.setDefaultUncaughtExceptionHandler(before);
    }
  }

  @Test
  void tellsAtOnceAndAfterEachPause() throws InterruptedException {
    List<RankLoad> told = new CopyOnWriteArrayList<>();
    try (var reports = new LoadReports(3, 1, told::add)) {
      for (int i = 0; i < 100 && told.size() < 2; i++) {
        Thread.sleep(50);
      }
    }
    assertThat(told).hasSizeGreaterThanOrEqualTo(2).allMatch(load -> load.rank() == 3);
  }
}
