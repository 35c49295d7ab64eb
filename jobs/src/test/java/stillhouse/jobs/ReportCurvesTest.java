package stillhouse.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import stillhouse.htmlreport.Point;

class ReportCurvesTest {
  @Test
  void aLongCurveIsTheMeansOfEqualStretches() {
    var curve = new TreeMap<Long, Double>();
    for (long step = 0; step < 10; step++) {
      curve.put(step, (double) step * step);
    }
    assertThat(ReportCurves.thinned(curve, 2))
        .containsExactly(new Point(2, 6), new Point(7, 51)); // 0 1 4 9 16, 25 36 49 64 81
    assertThat(ReportCurves.thinned(curve, 100)).hasSize(10).contains(new Point(3, 9));
    assertThat(ReportCurves.thinned(new TreeMap<>(), 5)).isEqualTo(List.of());
  }
}
