package stillhouse.tracking;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.mlflow.api.proto.Service.Metric;

class CurveSpoolTest {
  @TempDir Path folder;

  @Test
  void handsOnWhatItWasGivenInBatches() {
    CurveSpool spool = new CurveSpool(folder);
    assertThat(spool.isEmpty()).isTrue();
    for (int step = 0; step < 5; step++) {
      spool.add(Map.of("train/loss of A", step / 4.0), step, 100 + step);
    }
    assertThat(read(spool, 2)).extracting(List::size).containsExactly(2, 2, 1);
    Metric last = read(spool, 9).get(0).get(4);
    assertThat(last.getKey()).isEqualTo("train/loss of A");
    assertThat(last.getValue()).isEqualTo(1);
    assertThat(last.getStep()).isEqualTo(4);
    assertThat(last.getTimestamp()).isEqualTo(104);
    spool.clear();
    assertThat(spool.isEmpty()).isTrue();
  }

  @Test
  void keepsInfinitiesAndNoNumber() {
    CurveSpool spool = new CurveSpool(folder);
    spool.add(Map.of("loss", Double.NaN), 1, 1);
    spool.add(Map.of("loss", Double.NEGATIVE_INFINITY), 2, 1);
    assertThat(read(spool, 9).get(0))
        .extracting(Metric::getValue)
        .containsExactly(Double.NaN, Double.NEGATIVE_INFINITY);
  }

  @Test
  void brokenLinesCostNoOtherValue() throws IOException {
    CurveSpool spool = new CurveSpool(folder);
    spool.add(Map.of("loss", 0.5), 1, 1);
    append("7 2 0.7 2 0.25 loss\n8 3 0.2x loss\nnothing\n");
    spool.add(Map.of("loss", 0.25), 2, 1);
    append("9 4 0.1 lo"); // a driver killed while it wrote
    CurveSpool next = new CurveSpool(folder);
    next.add(Map.of("loss", 0.125), 5, 1);
    assertThat(read(next, 9).get(0))
        .filteredOn(m -> m.getKey().equals("loss"))
        .extracting(Metric::getValue)
        .containsExactly(0.5, 0.25, 0.125);
  }

  private void append(String text) throws IOException {
    Files.writeString(folder.resolve(CurveSpool.FILE), text, StandardOpenOption.APPEND);
  }

  private static List<List<Metric>> read(CurveSpool spool, int most) {
    List<List<Metric>> batches = new ArrayList<>();
    spool.read(most, batch -> batches.add(List.copyOf(batch)));
    return batches;
  }
}
