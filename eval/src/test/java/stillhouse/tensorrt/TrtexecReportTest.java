package stillhouse.tensorrt;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** On a recorded run of 10.6, and on texts after trtexec's published source, of 10.3 and 11.1. */
class TrtexecReportTest {
  @Test
  void readsARecordedRun() {
    TrtexecReport report = TrtexecReport.parse(text("trtexec-10.6.txt"));
    assertThat(report.device()).isEqualTo("NVIDIA H200");
    assertThat(report.computeCapability()).isEqualTo("9.0");
    assertThat(report.tensorRt()).isEqualTo("10.6.0");
    assertThat(report.buildSeconds()).isEqualTo(71.047);
    assertThat(report.queriesPerSecond()).isEqualTo(1338.66);
    assertThat(report.latency().medianMillis()).isEqualTo(0.790039);
    assertThat(report.gpuCompute().values())
        .isEqualTo(
            Map.of(
                "min", 0.706909, "median", 0.708252, "mean", 0.708332, "max", 0.715088, "p90",
                0.708984, "p95", 0.709229, "p99", 0.709717));
  }

  @Test
  void readsWhatTensorRt10Prints() {
    TrtexecReport report = TrtexecReport.parse(text("trtexec-10.txt"));
    assertThat(report.device()).isEqualTo("Orin");
    assertThat(report.computeCapability()).isEqualTo("8.7");
    assertThat(report.tensorRt()).isEqualTo("10.3.0");
    assertThat(report.buildSeconds()).isEqualTo(28.4411);
    assertThat(report.queriesPerSecond()).isEqualTo(2013.08);
    assertThat(report.latency().values())
        .isEqualTo(
            Map.of(
                "min", 0.541748, "median", 0.55249, "mean", 0.55541, "max", 0.813477, "p90",
                0.564453, "p95", 0.573242, "p99", 0.612305));
    assertThat(report.gpuCompute().medianMillis()).isEqualTo(0.488281);
    assertThat(report.gpuCompute().values()).containsEntry("p90", 0.5);
  }

  @Test
  void readsWhatTensorRt11PrintsWithThePercentilesThatItWasAskedFor() {
    TrtexecReport report = TrtexecReport.parse(text("trtexec-11.txt"));
    assertThat(report.device()).isEqualTo("NVIDIA L4");
    assertThat(report.computeCapability()).isEqualTo("8.9");
    assertThat(report.tensorRt()).isEqualTo("11.1.0");
    assertThat(report.queriesPerSecond()).isEqualTo(1204.3);
    assertThat(report.latency().values())
        .containsOnlyKeys("min", "median", "mean", "max", "p50", "p99", "p99.9")
        .containsEntry("p99.9", 1.02);
    assertThat(report.latency().medianMillis()).isEqualTo(0.826); // and not of H2D Latency
  }

  @Test
  void whatStandsBeforeALineDoesNotMatter() {
    for (String before : new String[] {"", "[I] ", "[I] [TRT] ", "[x] [I] ", "  [x] [I] [TRT] "}) {
      TrtexecReport report =
          TrtexecReport.parse(
              """
              %1$sThroughput: 41087.7 qps
              %1$sLatency: min = 0.38 ms, max = 0.44 ms, mean = 4e-1 ms, median = 0.4 ms
              %1$sGPU Compute Time: min=0.37ms, max=0.4ms, mean=0.38ms, median=0.38ms, percentile(99%%)=0.39ms
              """
                  .formatted(before));
      assertThat(report.latency().values()).containsOnlyKeys("min", "median", "mean", "max");
      assertThat(report.latency().values()).containsEntry("mean", 0.4);
      assertThat(report.gpuCompute().values()).containsEntry("p99", 0.39);
      assertThat(report.device()).isEmpty();
      assertThat(report.buildSeconds()).isNaN();
    }
  }

  @Test
  void refusesAnOutputWithoutASummary() {
    assertThatThrownBy(() -> TrtexecReport.parse("&&&& RUNNING TensorRT.trtexec"))
        .hasMessage("Cannot read trtexec's output: no line 'Throughput: … qps' in it");
    String cut = text("trtexec-10.txt").replace("] Latency:", "] Latencies:");
    assertThatThrownBy(() -> TrtexecReport.parse(cut))
        .hasMessage("Cannot read trtexec's output: no line 'Latency: min = …' in it");
    String without = text("trtexec-10.txt").replace("median = 0.55249 ms", "");
    assertThatThrownBy(() -> TrtexecReport.parse(without))
        .hasMessageStartingWith(
            "Cannot read trtexec's output: no median in '[11/20/2026-14:02:44]");
  }

  static String text(String name) {
    try (InputStream in = TrtexecReportTest.class.getResourceAsStream("/tensorrt/" + name)) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new AssertionError("no test resource " + name, e);
    }
  }
}
