package stillhouse.comm;

import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;

/** Digests that the ranks took of what must be equal everywhere. */
public final class Digests {
  private static final int BYTES = 32; // SHA-256

  private Digests() {}

  /**
   * Every rank's digest, on every rank. A sum in which each rank fills its own part alone: Spark's
   * {@code allGather} answers in steps of a second, an all-reduce in milliseconds. Collective.
   *
   * @param digest SHA-256 in hexadecimal
   * @return rank r's digest at index r
   */
  public static List<String> ofAllRanks(AllReduce ring, String digest) {
    byte[] own = HexFormat.of().parseHex(digest);
    if (own.length != BYTES) {
      throw new IllegalArgumentException(
          "Invalid digest: " + digest + " (must be a SHA-256 of " + 2 * BYTES + " digits)");
    }
    int count = BYTES * ring.ranks();
    ByteBuffer all = ring.allocate(count);
    FloatBuffer values = all.asFloatBuffer(); // zeros elsewhere; a float holds a byte exactly
    for (int i = 0; i < BYTES; i++) {
      values.put(ring.rank() * BYTES + i, own[i] & 0xff);
    }
    ring.sum(all, count);
    List<String> digests = new ArrayList<>();
    for (int rank = 0; rank < ring.ranks(); rank++) {
      byte[] bytes = new byte[BYTES];
      for (int i = 0; i < BYTES; i++) {
        bytes[i] = (byte) values.get(rank * BYTES + i);
      }
      digests.add(HexFormat.of().formatHex(bytes));
    }
    return digests;
  }

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
