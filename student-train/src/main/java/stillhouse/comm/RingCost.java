package stillhouse.comm;

/**
 * What a ring all-reduce takes on paper: each of N ranks sends 2(N − 1) messages of 1/N of the
 * buffer, so that over the slowest link of the ring go 2(N − 1)/N · S bytes, whatever N: {@code t =
 * 2(N − 1) · (S / N / B + l)}. Where several ranks share a host the ring leaves it over one link,
 * and B is that link's. On a GPU the buffer crosses the bus twice besides, which is not counted.
 *
 * @param ranks N
 * @param bytes S
 * @param bytesPerSecond B
 * @param latencySeconds l, of one message
 */
public record RingCost(int ranks, long bytes, double bytesPerSecond, double latencySeconds) {
  public RingCost {
    if (ranks < 1 || bytes < 0 || !(bytesPerSecond > 0) || !(latencySeconds >= 0)) {
      throw new IllegalArgumentException(
          "Invalid ring: %d ranks, %d bytes, %s bytes/s, %s s a message (must be >= 1, >= 0, > 0, >= 0)"
              .formatted(ranks, bytes, bytesPerSecond, latencySeconds));
    }
  }

  /** t. */
  public double seconds() {
    return 2.0 * (ranks - 1) * (bytes / (double) ranks / bytesPerSecond + latencySeconds);
  }

  /** The longest step, in seconds without it, of which it takes this share or more. */
  public double stepSeconds(double share) {
    return seconds() * (1 - share) / share;
  }
}
