package stillhouse.report;

/**
 * Colours as 0xRRGGBB. Classes take those of Okabe and Ito, which colour-blind readers tell apart.
 */
final class Palette {
  static final int MISSED = 0x2979ff;
  static final int FALSE_ALARM = 0xff3d00;
  static final int WRONG_CLASS = 0xd500f9;
  static final int EDGE_ONLY = 0xffd600;
  static final int IGNORED = 0xffffff;

  private static final int[] CLASSES = {
    0xe69f00, 0x56b4e9, 0x009e73, 0xf0e442, 0xd55e00, 0xcc79a7, 0x0072b2
  };

  // viridis at 17 equal steps, from matplotlib 3.9.4.
  private static final int[] VIRIDIS = {
    0x440154, 0x48186a, 0x472d7b, 0x424086, 0x3b528b, 0x33638d, 0x2c728e, 0x26828e, 0x21918c,
    0x1fa088, 0x28ae80, 0x3fbc73, 0x5ec962, 0x84d44b, 0xaddc30, 0xd8e219, 0xfde725
  };

  private Palette() {}

  /**
   * @param classId 1…K; classes past the seventh take the first colours again
   */
  static int classColour(int classId) {
    return CLASSES[(classId - 1) % CLASSES.length];
  }

  /**
   * @param share 0…1, from dark violet to yellow
   */
  static int viridis(double share) {
    double position = Math.min(Math.max(share, 0), 1) * (VIRIDIS.length - 1);
    int below = Math.min((int) position, VIRIDIS.length - 2);
    return blend(VIRIDIS[below], VIRIDIS[below + 1], position - below);
  }

  /** From {@code base} (share 0) to {@code over} (share 1). */
  static int blend(int base, int over, double share) {
    int rgb = 0;
    for (int shift = 16; shift >= 0; shift -= 8) {
      int from = (base >> shift) & 0xff;
      int to = (over >> shift) & 0xff;
      rgb |= (int) Math.round(from + share * (to - from)) << shift;
    }
    return rgb;
  }
}
