package stillhouse.comm;

import java.nio.ByteBuffer;

/**
 * A sum over all ranks, in place. Collective: every rank calls it equally often, in the same order.
 */
public interface AllReduce extends AutoCloseable {
  int rank();

  int ranks();

  /**
   * Replaces the first {@code count} native-order floats of a direct buffer by their sum over
   * ranks.
   *
   * @throws CommunicationException where a peer is gone or the collective failed
   */
  void sum(ByteBuffer direct, int count);

  @Override
  void close();
}
