package stillhouse.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Function;
import stillhouse.comm.AllReduce;
import stillhouse.student.Weights;

/**
 * Ranks in one JVM, each on a thread of its own, of which one runs at a time: up to its next sum,
 * then the next rank does. The engine collects gradients of one thread at once, and a rank has
 * collected its own before it sums.
 */
final class LockstepRanks {
  private static final float TOLERANCE = 2e-5f; // sums of other orders, over some steps

  private final float[][] parts;
  private float[] total = {};
  private int turn;
  private boolean failed;

  private LockstepRanks(int ranks) {
    parts = new float[ranks][];
  }

  /** What each rank came to, in their order. */
  static <T> List<T> run(int ranks, Function<AllReduce, T> work) throws Exception {
    var lockstep = new LockstepRanks(ranks);
    List<Future<T>> running = new ArrayList<>();
    var threads = Executors.newFixedThreadPool(ranks);
    try {
      for (int r = 0; r < ranks; r++) {
        int rank = r;
        running.add(threads.submit(() -> lockstep.whole(rank, work)));
      }
      List<T> ends = new ArrayList<>();
      for (Future<T> end : running) {
        ends.add(end.get());
      }
      return ends;
    } catch (ExecutionException e) {
      throw new AssertionError("A rank failed", e.getCause());
    } finally {
      threads.shutdownNow();
    }
  }

  /** Every rank's weights are those of the first, bit for bit, and those of one rank nearly. */
  static void requireAlike(List<Map<String, float[]>> four, Map<String, float[]> single) {
    for (Map<String, float[]> other : four) {
      assertThat(other).containsOnlyKeys(single.keySet());
      other.forEach((name, v) -> assertThat(v).as(name).containsExactly(four.get(0).get(name)));
    }
    single.forEach(
        (name, values) -> {
          float[] found = four.get(0).get(name);
          for (int i = 0; i < values.length; i++) {
            assertThat(found[i]).as(name).isCloseTo(values[i], within(TOLERANCE));
          }
        });
  }

  /** Trained tensors; running statistics are means over ranks, and other numbers. */
  static Map<String, float[]> trained(Weights weights) {
    Map<String, float[]> tensors = new TreeMap<>();
    for (Map.Entry<String, NDArray> tensor : weights.trained().entrySet()) {
      tensors.put(tensor.getKey(), tensor.getValue().toFloatArray());
    }
    return tensors;
  }

  private <T> T whole(int rank, Function<AllReduce, T> work) {
    try {
      await(rank);
      T end = work.apply(new Lockstep(rank));
      pass(false);
      return end;
    } catch (Throwable e) {
      pass(true);
      throw e;
    }
  }

  private synchronized void await(int rank) {
    while (turn != rank && !failed) {
      try {
        wait();
      } catch (InterruptedException e) {
        throw new IllegalStateException(e);
      }
    }
    if (failed) {
      throw new IllegalStateException("Another rank failed");
    }
  }

  private synchronized void pass(boolean broken) {
    failed |= broken;
    turn = (turn + 1) % parts.length;
    notifyAll();
  }

  /** The last rank adds, in the ranks' order; the others' turns come after that. */
  private float[] sum(int rank, float[] part) {
    parts[rank] = part;
    if (rank == parts.length - 1) {
      total = new float[part.length];
      for (float[] of : parts) {
        for (int i = 0; i < total.length; i++) {
          total[i] += of[i];
        }
      }
    }
    pass(false);
    await(rank);
    return total;
  }

  private final class Lockstep implements AllReduce {
    private final int rank;

    Lockstep(int rank) {
      this.rank = rank;
    }

    @Override
    public int rank() {
      return rank;
    }

    @Override
    public int ranks() {
      return parts.length;
    }

    @Override
    public void sum(ByteBuffer direct, int count) {
      var floats = direct.asFloatBuffer();
      float[] part = new float[count];
      floats.get(0, part);
      floats.put(0, LockstepRanks.this.sum(rank, part));
    }

    @Override
    public void close() {}
  }
}
