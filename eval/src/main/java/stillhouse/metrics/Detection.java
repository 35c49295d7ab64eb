package stillhouse.metrics;

/**
 * A predicted instance, and how well the instance of the truth that it found overlaps with it: of
 * the ten thresholds 0.50, 0.55 … 0.95 how many are reached. 0 where it found none.
 *
 * @param classId 1…K
 * @param score how sure the network was, in 1/{@value #SCORES}: 0…{@value #SCORES}
 * @param mask thresholds that the IoU of the areas reaches, 0…{@value #THRESHOLDS}
 * @param boundary thresholds that both that and the boundary IoU reach
 */
public record Detection(int classId, int score, int mask, int boundary) {
  public static final int SCORES = 1000;
  public static final int THRESHOLDS = 10;

  public Detection {
    if (classId < 1 || score < 0 || score > SCORES) {
      throw new IllegalArgumentException(
          "Invalid detection of class %d with score %d (must be ≥ 1, and 0 to %d)"
              .formatted(classId, score, SCORES));
    }
    if (boundary < 0 || boundary > mask || mask > THRESHOLDS) {
      throw new IllegalArgumentException(
          "Invalid detection: %d thresholds by mask and %d by boundary (must be %d ≥ mask ≥ boundary ≥ 0)"
              .formatted(mask, boundary, THRESHOLDS));
    }
  }

  /** How many of the thresholds are reached; an IoU that equals one reaches it. */
  static int reached(long intersection, long union) {
    long above = 100 * intersection - 50 * union; // in 1/100 of the union
    return above < 0 || union == 0 ? 0 : (int) Math.min(THRESHOLDS, above / (5 * union) + 1);
  }
}
