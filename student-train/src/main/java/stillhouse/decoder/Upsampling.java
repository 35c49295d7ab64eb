package stillhouse.decoder;

/** How fine a decoder's masks are against the embedding. */
public enum Upsampling {
  /** SAM's own: two doublings, 4 cells of a mask for one of the embedding along each side. */
  FOURFOLD(4),
  /**
   * One doubling in place of two. Source: seed sam2-6mb-student, "Architecture Pruning &amp;
   * Transplant" (upsampling "from 1/4 to 1/2").
   */
  TWOFOLD(2);

  private final int factor;

  Upsampling(int factor) {
    this.factor = factor;
  }

  /** Cells of a mask for one of the embedding, along one side. */
  public int factor() {
    return factor;
  }
}
