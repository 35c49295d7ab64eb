package stillhouse.tensorrt;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

/** On a text written after the form that trtexec 10 prints; no GPU made it. */
class TrtexecReportTest {
  @Test
  void readsThePerformanceSummary() throws IOException {
    TrtexecReport report = TrtexecReport.parse(summary());
    assertThat(report.throughputPerSecond()).isEqualTo(2013.08);
    assertThat(report.latency())
        .isEqualTo(
            new TrtexecReport.Timing(
                0.541748, 0.55249, 0.55541, 0.564453, 0.573242, 0.612305, 0.813477));
    assertThat(report.gpuCompute().medianMillis()).isEqualTo(0.488281);
    assertThat(report.gpuCompute().p90Millis()).isEqualTo(0.5);
  }

  @Test
  void aPercentileThatIsNotPrintedIsNaN() {
    TrtexecReport report =
        TrtexecReport.parse(
            """
            [x] [I] Throughput: 41087.7 qps
            [x] [I] Latency: min = 0.38 ms, max = 0.44 ms, mean = 4e-1 ms, median = 0.4 ms, percentile(99%) = 0.42 ms
            [x] [I] GPU Compute Time: min = 0.37 ms, max = 0.4 ms, mean = 0.38 ms, median = 0.38 ms, percentile(99%) = 0.39 ms
            """);
    assertThat(report.latency().p90Millis()).isNaN();
    assertThat(report.latency().p99Millis()).isEqualTo(0.42);
    assertThat(report.latency().meanMillis()).isEqualTo(0.4);
  }

  @Test
  void refusesAnOutputWithoutASummary() throws IOException {
    assertThatThrownBy(() -> TrtexecReport.parse("&&&& RUNNING TensorRT.trtexec"))
        .hasMessage("Cannot read trtexec's output: no line 'Throughput: … qps' in it");
    String cut = summary().replace("] Latency:", "] Latencies:");
    assertThatThrownBy(() -> TrtexecReport.parse(cut))
        .hasMessage("Cannot read trtexec's output: no line 'Latency: min = …' in it");
  }

  static String summary() throws IOException {
    try (InputStream in = TrtexecReportTest.class.getResourceAsStream("/tensorrt/trtexec-10.txt")) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    }
  }
}
