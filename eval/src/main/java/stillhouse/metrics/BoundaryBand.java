package stillhouse.metrics;

import stillhouse.data.ClassMask;

/**
 * The pixels of a mask that boundary IoU compares: those of a class within d of a pixel that is not
 * of it, or of the image's border.
 *
 * <p>Source: Cheng et al., "Boundary IoU", CVPR 2021, and its published code: d = max(1, round(0.02
 * · diagonal)), half to even as Python rounds, and d erosions by a 3×3 square after zero-padding by
 * one pixel. Departure: {@link EdgeBand} in place of the erosions, the same set.
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
    LabelPlanes.clearIgnored(labels, labels.clone(), labels.length);
    LabelPlanes planes = new LabelPlanes(Byte.SIZE);
    planes.reserve(width, height);
    for (int y = 0; y < height; y++) {
      planes.pack(labels, y * width, y);
    }
    long[] band = new EdgeBand().of(planes, thicknessPixels(width, height));
    for (int y = 0, i = 0; y < height; y++) {
      for (int x = 0; x < width; x++, i++) {
        boolean within = (band[(x >>> 6) * height + y] >>> x & 1) != 0;
        labels[i] = within ? labels[i] : 0;
      }
    }
    return new ClassMask(width, height, labels);
  }
}
