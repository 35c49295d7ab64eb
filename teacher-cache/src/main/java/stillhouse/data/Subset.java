package stillhouse.data;

import java.io.Serializable;
import stillhouse.identity.Fingerprint;

/**
 * Which of a folder's files are taken, by a hash of their paths in it, so that the choice depends
 * on nothing but names and a larger subset of either kind has every file of a smaller one. EdgeSAM
 * (Zhou et al., 2023) trains on 1 % of SA-1B's images.
 *
 * @param share of all files, about: each is taken or not by its own name, so none of a folder of
 *     millions is held; in (0, 1]
 * @param limit take this many of them at most, which are held by the task that lists the folder
 */
public record Subset(double share, int limit) implements Serializable {
  public static final Subset ALL = new Subset(1, Integer.MAX_VALUE);
  private static final double PLACES = 0x1p52;
  private static final int DIGITS = 13; // of hexadecimal, of a place: 52 bits

  /**
   * @throws IllegalArgumentException where one is out of its range
   */
  public Subset {
    if (!(share > 0 && share <= 1)) {
      throw new IllegalArgumentException("Invalid share: " + share + " (must be in (0, 1])");
    }
    if (limit < 1) {
      throw new IllegalArgumentException("Invalid limit: " + limit + " (must be >= 1)");
    }
  }

  /** At most so many of all files. */
  public static Subset limit(int limit) {
    return new Subset(1, limit);
  }

  boolean isAll() {
    return equals(ALL);
  }

  boolean isLimited() {
    return limit != Integer.MAX_VALUE;
  }

  /** Where a path stands in a shuffle that never changes. */
  static String place(String path) {
    return Fingerprint.of("limit").add("name", path).digest().hex();
  }

  /** Whether a path is of the share. */
  boolean shares(String path) {
    return share == 1 || Long.parseLong(place(path).substring(0, DIGITS), 16) < share * PLACES;
  }
}
