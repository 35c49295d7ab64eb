package stillhouse.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.concurrent.atomic.AtomicReference;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class DecodersTest {
  @Property(tries = 200)
  void eachItemIsDoneOnceByTheTimeThatTheCallReturns(
      @ForAll @IntRange(min = 1, max = 9) int threads, @ForAll @IntRange(max = 40) int count) {
    var done = new AtomicIntegerArray(count);
    try (var decoders = new Decoders(threads, "test")) {
      decoders.each(
          count,
          (from, to) -> {
            for (int i = from; i < to; i++) {
              done.incrementAndGet(i);
            }
          });
    }
    for (int i = 0; i < count; i++) {
      assertThat(done.get(i)).isEqualTo(1);
    }
  }

  /** What they write into may be given away as soon as the call has returned. */
  @Test
  void aFailureIsToldOnlyWhenAllOthersHaveEnded() {
    var ended = new AtomicInteger();
    try (var decoders = new Decoders(4, "test")) {
      assertThatThrownBy(
              () ->
                  decoders.each(
                      4,
                      (from, to) -> {
                        if (from == 0) {
                          throw new IllegalStateException("row group 7 is torn");
                        }
                        pause();
                        ended.incrementAndGet();
                      }))
          .isInstanceOf(IllegalStateException.class)
          .hasMessage("row group 7 is torn");
    }
    assertThat(ended.get()).isEqualTo(3);
  }

  @Test
  void aFailureOnAnotherThreadIsToldToo() {
    try (var decoders = new Decoders(2, "test")) {
      assertThatThrownBy(
              () ->
                  decoders.each(
                      2,
                      (from, to) -> {
                        if (from == 1) {
                          throw new IllegalStateException("row group 7 is torn");
                        }
                      }))
          .hasMessage("row group 7 is torn");
    }
  }

  @Test
  void anErrorIsThrownAsItIsWithTheOtherFailuresBesideIt() {
    try (var decoders = new Decoders(3, "test")) {
      assertThatThrownBy(
              () ->
                  decoders.each(
                      3,
                      (from, to) -> {
                        throw new OutOfMemoryError("range " + from);
                      }))
          .isInstanceOf(OutOfMemoryError.class)
          .satisfies(e -> assertThat(e.getSuppressed()).hasSize(2));
    }
  }

  /** A loader that is closed while it waits for its threads must not leave them reading. */
  @Test
  void anInterruptOfTheCallerReachesTheThreadsAndIsWaitedFor() throws Exception {
    var began = new CountDownLatch(1);
    var ended = new AtomicInteger();
    var told = new AtomicReference<RuntimeException>();
    try (var decoders = new Decoders(2, "test")) {
      var caller =
          new Thread(
              () -> {
                try {
                  decoders.each(
                      2,
                      (from, to) -> {
                        if (from == 1) {
                          began.countDown();
                          untilInterrupted();
                          ended.incrementAndGet();
                        }
                      });
                } catch (RuntimeException e) {
                  told.set(e);
                }
              });
      caller.start();
      began.await();
      caller.interrupt();
      caller.join();
    }
    assertThat(told.get())
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("Interrupted");
    assertThat(ended.get()).isEqualTo(1);
  }

  private static void untilInterrupted() {
    try {
      new CountDownLatch(1).await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static void pause() {
    try {
      Thread.sleep(50);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
