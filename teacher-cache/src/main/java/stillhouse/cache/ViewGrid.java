package stillhouse.cache;

import java.io.Serializable;
import org.apache.spark.sql.Row;
import stillhouse.tensor.DType;
import stillhouse.tensor.FloatTensor;
import stillhouse.tensor.Resize;
import stillhouse.tensor.TensorColumn;

/** The alignment grid of a view: where its embedding and structure are looked at. */
record ViewGrid(int height, int width) implements Serializable {
  static ViewGrid of(ViewRequest request) {
    return new ViewGrid(request.gridHeight(), request.gridWidth());
  }

  /**
   * By area where the grid is coarser, else bilinear.
   *
   * @param map [C, h, w] or [h, w]
   * @return [C, height, width], C = 1 of a map without channels
   */
  FloatTensor of(FloatTensor map) {
    FloatTensor planes =
        map.rank() == 3 ? map : new FloatTensor(new int[] {1, map.dim(0), map.dim(1)}, map.data());
    return coarser(planes)
        ? Resize.area(planes, height, width)
        : Resize.bilinear(planes, height, width);
  }

  /**
   * A stored tensor in as few bytes as a view needs: on the grid where that is coarser, else as it
   * is. A view's bytes are the same of either.
   *
   * @param key names the tensor where it can't be read
   */
  Row shrunk(String key, Row stored, DType type) {
    try {
      FloatTensor map = TensorColumn.decode(stored);
      return coarser(map) ? TensorColumn.encode(of(map), type) : stored;
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException("Cannot read tensor of " + key + ": " + e.getMessage(), e);
    }
  }

  private boolean coarser(FloatTensor map) {
    return height <= map.dim(map.rank() - 2) && width <= map.dim(map.rank() - 1);
  }
}
