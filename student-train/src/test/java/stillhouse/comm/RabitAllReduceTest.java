package stillhouse.comm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import stillhouse.identity.Sha256;

/** Ranks as threads: the native communicator belongs to a thread. */
class RabitAllReduceTest {
  private static final int RANKS = 3;

  @Test
  void sumsInPlaceOverRanksOfAnySize() throws Exception {
    assertThat(onAllRanks(this::sums)).containsExactly("0: ok", "1: ok", "2: ok");
  }

  private String sums(AllReduce ring) {
    for (int count : new int[] {1, 2, 7, 100_003}) {
      ByteBuffer buffer = ring.allocate(count);
      var values = buffer.asFloatBuffer();
      for (int i = 0; i < count; i++) {
        values.put(i, i + 1000f * ring.rank());
      }
      ring.sum(buffer, count);
      for (int i = 0; i < count; i++) {
        if (values.get(i) != RANKS * i + 3000f) {
          return ring.rank() + ": " + values.get(i) + " at " + i + " of " + count;
        }
      }
    }
    return ring.rank() + ": ok";
  }

  @Test
  void refusesABufferWithoutRoomForItsGuards() throws Exception {
    assertThat(onAllRanks(ring -> refusal(ring)))
        .allMatch(
            m ->
                m.equals(
                    "Invalid all-reduce buffer: direct of 40 bytes (must be direct with at least 52"
                        + " bytes; make it with AllReduce.allocate)"));
  }

  private static String refusal(AllReduce ring) {
    try {
      ring.sum(ByteBuffer.allocateDirect(40), 10);
      return "accepted";
    } catch (IllegalArgumentException e) {
      return e.getMessage();
    }
  }

  @Test
  void padsTaskIdsSoThatTextOrderIsRankOrder() {
    assertThat(RabitAllReduce.taskId(2)).isLessThan(RabitAllReduce.taskId(10)).hasSize(8);
  }

  @Test
  void givesEveryRankTheDigestsOfAll() throws Exception {
    assertThat(onAllRanks(ring -> String.join(" ", Digests.ofAllRanks(ring, digest(ring.rank())))))
        .hasSize(RANKS)
        .allMatch(String.join(" ", digest(0), digest(1), digest(2))::equals);
  }

  private static String digest(int rank) {
    return Sha256.of(new byte[] {(byte) rank}).hex();
  }

  @Test
  void namesTheRankThatHoldsOtherWeights() {
    assertThat(Digests.requireEqual("weights", List.of("a1", "a1", "a1"))).isEqualTo("a1");
    assertThatThrownBy(() -> Digests.requireEqual("weights", List.of("a1", "a1", "b2")))
        .hasMessageContaining("different weights: rank 0 has a1, rank 2 has b2");
  }

  private interface RankWork {
    String with(AllReduce ring);
  }

  private static List<String> onAllRanks(RankWork work)
      throws InterruptedException, ExecutionException {
    ExecutorService threads = Executors.newFixedThreadPool(RANKS);
    try (Tracker tracker = Tracker.start("127.0.0.1", RANKS, 30);
        var watchdog = new CollectiveWatchdog(Duration.ofSeconds(30))) {
      String arguments = tracker.arguments();
      List<Future<String>> results = new ArrayList<>();
      for (int r = 0; r < RANKS; r++) {
        int rank = r;
        results.add(
            threads.submit(
                () -> {
                  try (var ring = RabitAllReduce.join(arguments, rank, RANKS, watchdog)) {
                    return work.with(ring);
                  }
                }));
      }
      List<String> values = new ArrayList<>();
      for (Future<String> result : results) {
        values.add(result.get());
      }
      return values;
    } finally {
      threads.shutdownNow();
    }
  }
}
