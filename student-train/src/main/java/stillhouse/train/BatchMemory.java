package stillhouse.train;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;

/**
 * Direct buffers of batches that are over, for those to come: a step's batch is then neither
 * allocated nor cleared, and what is in use at once is all there ever is. Thread-safe.
 */
final class BatchMemory {
  private static final ByteBuffer NOTHING = ByteBuffer.allocateDirect(0);

  private final List<ByteBuffer> free = new ArrayList<>();

  /** The smallest free buffer that holds {@code floats}, cut to them, or a new one. Not cleared. */
  synchronized ByteBuffer take(int floats) {
    if (floats == 0) {
      return NOTHING;
    }
    int bytes = Math.multiplyExact(floats, Float.BYTES);
    int best = -1;
    for (int i = 0; i < free.size(); i++) {
      int capacity = free.get(i).capacity();
      if (capacity >= bytes && (best < 0 || capacity < free.get(best).capacity())) {
        best = i;
      }
    }
    ByteBuffer buffer = best < 0 ? ByteBuffer.allocateDirect(bytes) : free.remove(best);
    return buffer.clear().limit(bytes).order(ByteOrder.nativeOrder());
  }

  /**
   * @param buffer that was taken, whole
   */
  synchronized void give(ByteBuffer buffer) {
    if (buffer.capacity() > 0) {
      free.add(buffer);
    }
  }
}
