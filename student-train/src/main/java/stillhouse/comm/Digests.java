package stillhouse.comm;

import java.util.List;

/** Digests that the ranks took of what must be equal everywhere. */
public final class Digests {
  private Digests() {}

  /**
   * @param what what was digested, for the message
   * @param perRank rank r's digest at index r
   * @return the one digest of all ranks
   * @throws IllegalStateException naming the first rank that differs from rank 0
   */
  public static String requireEqual(String what, List<String> perRank) {
    if (perRank.isEmpty()) {
      throw new IllegalArgumentException("Cannot compare " + what + ": no rank gave a digest");
    }
    String first = perRank.get(0);
    for (int rank = 1; rank < perRank.size(); rank++) {
      if (!first.equals(perRank.get(rank))) {
        throw new IllegalStateException(
            String.format(
                "The ranks hold different %s: rank 0 has %s, rank %d has %s. A draw or a"
                    + " reduction differed between them; the last checkpoint is still whole.",
                what, first, rank, perRank.get(rank)));
      }
    }
    return first;
  }
}
