package stillhouse.tracking;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.mlflow.api.proto.Service.Metric;
import org.mlflow.tracking.MlflowClientException;

class MetricStreamTest {
  private static Metric metric(int step) {
    return Metric.newBuilder().setKey("loss").setValue(step).setStep(step).setTimestamp(1).build();
  }

  @Test
  void aServerThatIsAwayForAWhileLosesNothing() {
    List<Metric> received = Collections.synchronizedList(new ArrayList<>());
    AtomicInteger calls = new AtomicInteger();
    MetricStream stream =
        new MetricStream(
            "r",
            batch -> {
              if (calls.incrementAndGet() <= 2) {
                throw new MlflowClientException("away");
              }
              received.addAll(batch);
            });
    for (int i = 0; i < 2000; i++) {
      stream.offer(metric(i));
    }
    stream.close();
    assertThat(received)
        .extracting(Metric::getStep)
        .doesNotHaveDuplicates()
        .hasSize(2000)
        .isSorted();
  }

  @Test
  void whatCannotBeDeliveredIsCountedNotForgotten() {
    MetricStream stream =
        new MetricStream(
            "r",
            batch -> {
              throw new MlflowClientException("gone");
            });
    stream.offer(metric(1));
    assertThatThrownBy(stream::close)
        .isInstanceOf(TrackingException.class)
        .hasMessageContaining("1 metrics of run r could not be delivered");
  }
}
