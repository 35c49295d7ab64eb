package stillhouse.htmlreport;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.stream.DoubleStream;
import org.junit.jupiter.api.Test;

class AxisTest {
  private static List<String> labels(double... values) {
    return Axis.of(DoubleStream.of(values), 0, 100).ticks().stream().map(Chart.Tick::text).toList();
  }

  @Test
  void ticksAreRoundNumbersWithinTheValues() {
    assertThat(labels(0, 1)).containsExactly("0.0", "0.2", "0.4", "0.6", "0.8", "1.0");
    assertThat(labels(0.31, 0.39)).containsExactly("0.32", "0.34", "0.36", "0.38");
    assertThat(labels(0, 30_000)).containsExactly("0", "10,000", "20,000", "30,000");
    assertThat(labels(0, 2e-6)).contains("1.0e-06");
  }

  @Test
  void oneValueNoneAndThoseThatAreNoneHaveAnAxis() {
    assertThat(labels(0.5)).isNotEmpty();
    assertThat(labels()).isNotEmpty();
    assertThat(labels(Double.NaN, Double.POSITIVE_INFINITY, 0, 1)).isEqualTo(labels(0, 1));
  }

  @Test
  void placesGrowAsValuesDo() {
    Axis up = Axis.of(DoubleStream.of(0, 10), 200, 0); // as SVG's y
    assertThat(Double.parseDouble(up.at(0))).isGreaterThan(Double.parseDouble(up.at(10)));
    assertThat(Double.parseDouble(up.at(5))).isEqualTo(100);
  }
}
