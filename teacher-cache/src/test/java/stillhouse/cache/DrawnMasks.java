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
}
