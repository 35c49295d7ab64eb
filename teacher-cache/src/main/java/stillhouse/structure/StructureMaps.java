package stillhouse.structure;

import java.util.Arrays;
import stillhouse.tensor.FloatTensor;

/**
 * The three measures of one image's teacher features, each [H, W] in feature cells, each >= 0, in
 * units of the squared feature. Seed sard, key designs 2 and 3.
 *
 * @param e anisotropy λ1 − λ2 of the structure tensor: high along an edge
 * @param c √(λ1 λ2): high where gradients of several directions meet
 * @param d dispersion of the features within the window: high where much lies close together
 */
public record StructureMaps(FloatTensor e, FloatTensor c, FloatTensor d) {
  public StructureMaps {
    if (e.rank() != 2
        || !Arrays.equals(e.shape(), c.shape())
        || !Arrays.equals(e.shape(), d.shape())) {
      throw new IllegalArgumentException(
          "Invalid structure maps: E " + e + ", C " + c + ", D " + d + " (must be one [H, W])");
    }
  }

  public int height() {
    return e.dim(0);
  }

  public int width() {
    return e.dim(1);
  }
}
