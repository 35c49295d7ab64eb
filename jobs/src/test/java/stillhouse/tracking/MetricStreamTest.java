package stillhouse.tracking;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.LongStream;
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

  /** The server may have taken a call whose answer was lost. */
  @Test
  void whatMayHaveArrivedIsSentAgainInPartsOfAHundred() {
    List<Integer> sizes = Collections.synchronizedList(new ArrayList<>());
    List<Metric> received = Collections.synchronizedList(new ArrayList<>());
    CountDownLatch offered = new CountDownLatch(1);
    MetricStream stream =
        new MetricStream(
            "r",
            batch -> {
              awaited(offered); // by the first call: those after it find the queue full
              sizes.add(batch.size());
              if (sizes.size() == 2) {
                throw new MlflowClientException("timed out");
              }
              received.addAll(batch);
            },
            1);
    for (int i = 0; i < 3000; i++) {
      stream.offer(metric(i));
    }
    offered.countDown();
    stream.close();
    assertThat(sizes.get(1)).isEqualTo(MetricStream.BATCH);
    assertThat(sizes.subList(2, 11)).hasSize(9).containsOnly(MetricStream.PERHAPS_KNOWN);
    assertThat(sizes.get(11)).as("the next are new").isEqualTo(MetricStream.BATCH);
    assertThat(received)
        .extracting(Metric::getStep)
        .containsExactlyElementsOf(LongStream.range(0, 3000).boxed().toList());
  }

  private static void awaited(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  @Test
  void theEndIsTriedHoweverLongTheServerWasAwayBefore() throws InterruptedException {
    List<Metric> received = Collections.synchronizedList(new ArrayList<>());
    AtomicBoolean away = new AtomicBoolean(true);
    CountDownLatch longAway = new CountDownLatch(15); // more than the tries that the end has
    MetricStream stream =
        new MetricStream(
            "r",
            batch -> {
              longAway.countDown();
              if (away.get()) {
                throw new MlflowClientException("away");
              }
              received.addAll(batch);
            },
            20); // asleep for 300 ms when the end comes
    stream.offer(metric(1));
    longAway.await();
    away.set(false);
    stream.close();
    assertThat(received).hasSize(1);
  }

  @Test
  void anAbsentServerDoesNotFillTheHeap() {
    MetricStream stream =
        new MetricStream(
            "r",
            batch -> {
              throw new IllegalStateException("not what a client throws");
            },
            1);
    for (int i = 0; i < 250_000; i++) {
      stream.offer(metric(i));
    }
    assertThat(stream.waiting()).isLessThanOrEqualTo(200_000);
    assertThat(stream.undelivered()).as("dropped ones included").isEqualTo(250_000);
    assertThatThrownBy(stream::close)
        .hasMessageContaining(
            "250000 metrics of run r could not be delivered to MLflow: not what a client throws");
  }

  @Test
  void whatCannotBeDeliveredIsCountedNotForgotten() {
    MetricStream stream =
        new MetricStream(
            "r",
            batch -> {
              throw new MlflowClientException("gone");
            },
            1);
    stream.offer(metric(1));
    assertThatThrownBy(stream::close)
        .isInstanceOf(TrackingException.class)
        .hasMessage("1 metrics of run r could not be delivered to MLflow: gone");
  }
}
