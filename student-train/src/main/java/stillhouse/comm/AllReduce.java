package stillhouse.comm;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * A sum over all ranks, in place. Collective: every rank calls it equally often, in the same order,
 * from the thread that joined.
 */
public interface AllReduce extends AutoCloseable {
  int rank();

  int ranks();

  /**
   * Replaces the first {@code count} native-order floats of a direct buffer by their sum over
   * ranks. What stands after them, up to {@link #ranks()} floats, is overwritten.
   *
   * @param direct made by {@link #allocate}, or with room for {@code count + ranks()} floats
   * @throws CommunicationException where a peer is gone or the collective failed
   */
  void sum(ByteBuffer direct, int count);

  /** A direct buffer for sums of {@code count} floats, with room for the guards after them. */
  default ByteBuffer allocate(int count) {
    int bytes = Math.multiplyExact(Math.addExact(count, ranks()), Float.BYTES);
    return ByteBuffer.allocateDirect(bytes).order(ByteOrder.nativeOrder());
  }

  @Override
  void close();
}
