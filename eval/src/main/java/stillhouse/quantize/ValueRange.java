package stillhouse.quantize;

/**
 * What an activation is rounded within; 0 lies inside.
 *
 * @param min ≤ 0
 * @param max ≥ 0
 */
record ValueRange(float min, float max) {
  /** The larger of the two magnitudes. */
  float peak() {
    return Math.max(-min, max);
  }
}
