package stillhouse.comm;

import java.nio.FloatBuffer;

/**
 * A float of 1 in every segment of a ring all-reduce, whose sum must be the number of ranks. A ring
 * cuts n floats into N segments of ⌊n / N⌋, the last one longer, and each travels by itself, so one
 * segment may be right and its neighbour not.
 *
 * <p>The buffer holds {@code count} values and N more floats. Setting swaps the k-th of these, a 1,
 * with the first float of segment k; clearing swaps back. With n = count + N, segment k starts at k
 * ⌊n / N⌋ < count + k, so no swap moves a sentinel that was already placed.
 */
record Sentinels(int count, int ranks) {
  Sentinels {
    if (count < 1 || ranks < 1) {
      throw new IllegalArgumentException(
          "Invalid all-reduce: " + count + " floats over " + ranks + " ranks (both must be ≥ 1)");
    }
  }

  /** How many floats travel. */
  int total() {
    return Math.addExact(count, ranks);
  }

  void set(FloatBuffer values) {
    for (int k = 0; k < ranks; k++) {
      values.put(count + k, 1f);
    }
    for (int k = 0; k < ranks; k++) {
      swap(values, start(k), count + k);
    }
  }

  /**
   * Puts the displaced values back.
   *
   * @return the first segment whose sentinel is not the number of ranks, or −1
   */
  int clear(FloatBuffer values) {
    for (int k = ranks - 1; k >= 0; k--) {
      swap(values, start(k), count + k);
    }
    for (int k = 0; k < ranks; k++) {
      if (values.get(count + k) != ranks) {
        return k;
      }
    }
    return -1;
  }

  int start(int segment) {
    return segment * (total() / ranks);
  }

  private static void swap(FloatBuffer values, int i, int j) {
    float kept = values.get(i);
    values.put(i, values.get(j));
    values.put(j, kept);
  }
}
