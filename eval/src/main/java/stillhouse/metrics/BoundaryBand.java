package stillhouse.metrics;

import stillhouse.data.ClassMask;

/**
 * The pixels of a mask that boundary IoU compares: those of a class within d of a pixel that is not
 * of it, or of the image's border.
 *
 * <p>Source: Cheng et al., "Boundary IoU", CVPR 2021, and its published code: d = max(1, round(0.02
 * · diagonal)), half to even as Python rounds, and d erosions by a 3×3 square after zero-padding by
 * one pixel. Departure: {@link EdgeDistance} in place of the erosions, the same set.
 */
public final class BoundaryBand {
  private static final double DIAGONAL_SHARE = 0.02; // the published default

  private BoundaryBand() {}

  /** d, the band's thickness in pixels. */
  public static int thicknessPixels(int width, int height) {
    double diagonal = Math.sqrt((double) width * width + (double) height * height);
    return Math.max(1, (int) Math.rint(DIAGONAL_SHARE * diagonal));
  }

  /** The mask with everything but its classes' bands set to background; ignored pixels too. */
  public static ClassMask of(ClassMask mask) {
    int width = mask.width();
    int height = mask.height();
    byte[] labels = mask.classes().clone();
    for (int i = 0; i < labels.length; i++) {
      labels[i] = labels[i] == (byte) ClassMask.IGNORE ? 0 : labels[i];
    }
    short[] distance = new short[labels.length];
    EdgeDistance.measure(labels, width, height, distance);
    int d = thicknessPixels(width, height);
    for (int i = 0; i < labels.length; i++) {
      labels[i] = distance[i] <= d ? labels[i] : 0;
    }
    return new ClassMask(width, height, labels);
  }
}
