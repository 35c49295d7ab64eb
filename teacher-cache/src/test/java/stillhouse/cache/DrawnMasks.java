package stillhouse.cache;

import stillhouse.data.ClassMask;
import stillhouse.data.ImageCodec;

/** Masks of a {@link Workspace}'s images. */
final class DrawnMasks {
  private DrawnMasks() {}

  /** A PNG of background but for its first pixel. */
  static byte[] firstPixel(int classId) {
    byte[] mask = new byte[Workspace.WIDTH * Workspace.HEIGHT];
    mask[0] = (byte) classId;
    return ImageCodec.encodePng(new ClassMask(Workspace.WIDTH, Workspace.HEIGHT, mask));
  }

  /** A PNG of class 1 left, class 2 right and background between. */
  static byte[] twoClasses() {
    byte[] mask = new byte[Workspace.WIDTH * Workspace.HEIGHT];
    for (int i = 0; i < mask.length; i++) {
      int x = i % Workspace.WIDTH;
      mask[i] = (byte) (x < 2 ? 1 : x > 3 ? 2 : 0);
    }
    return ImageCodec.encodePng(new ClassMask(Workspace.WIDTH, Workspace.HEIGHT, mask));
  }
}
