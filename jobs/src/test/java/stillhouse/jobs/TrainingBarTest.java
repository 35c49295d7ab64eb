package stillhouse.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.util.Map;
import org.junit.jupiter.api.Test;
import stillhouse.train.TrainingMetrics;

class TrainingBarTest {
  private final ByteArrayOutputStream out = new ByteArrayOutputStream();
  private long now = 1;
  private final TrainingBar bar =
      new TrainingBar("first", 4, 40, new PrintStream(out, true), () -> now);

  @Test
  void writesOneLineOverItself() {
    step(0, 5);
    assertThat(out)
        .hasToString(
            "\r\033[2Kfirst: epoch 1 of 4 [==                  ]  13 %, time left not known yet,"
                + " 100 images/s, loss 0.5000\r");
    out.reset();
    now += 10_000_000_000L; // five steps in ten seconds: thirty more in sixty
    step(0, 10);
    assertThat(out).asString().contains("[=====               ]  25 %, 60 s left");
    bar.clear();
    assertThat(out).asString().endsWith("\r\033[2K").doesNotContain("\n");
  }

  @Test
  void isDrawnFiveTimesASecondAtMost() {
    for (int step = 1; step <= 10; step++) {
      step(0, step);
      now += 50_000_000L;
    }
    assertThat(out.toString().split("epoch")).hasSize(1 + 3);
  }

  @Test
  void countsTheTimeOfThisDriversStepsAlone() {
    step(2, 30);
    now += 600_000_000_000L;
    step(3, 35);
    assertThat(out).asString().contains("epoch 4 of 4").contains(" 88 %, 10 min left");
  }

  @Test
  void saysHoursWhereItTakesThem() {
    step(0, 1);
    now += 3_600_000_000_000L;
    step(0, 2);
    assertThat(out).asString().contains("38.0 h left");
  }

  private void step(int epoch, long globalStep) {
    bar.step(new TrainingMetrics.Step(epoch, 0, globalStep, 0.5, Map.of(), 1e-3, 1, 100, 0.1, 0.1));
  }
}
