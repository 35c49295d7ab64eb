package stillhouse.cache;

import java.io.Serializable;
import java.util.function.Function;
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
    return reading(key, stored, map -> coarser(map) ? TensorColumn.encode(of(map), type) : stored);
  }

  /**
   * The same of a layer as its encoding has it, all channels: on the grid first, as a mean of
   * projected cells is the projected mean.
   */
  Row shrunk(String key, Row stored, Encoding encoding, String layer) {
    // A mean of stored bytes is no stored byte: quantised again it would lose twice.
    DType type = encoding.type().floating();
    if (encoding.projection(layer).isEmpty()) {
      return shrunk(key, stored, type);
    }
    return reading(
        key,
        stored,
        map -> TensorColumn.encode(encoding.restored(layer, coarser(map) ? of(map) : map), type));
  }

  private static Row reading(String key, Row stored, Function<FloatTensor, Row> make) {
    try {
      return make.apply(TensorColumn.decode(stored));
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException("Cannot read tensor of " + key + ": " + e.getMessage(), e);
    }
  }

  private boolean coarser(FloatTensor map) {
    return height <= map.dim(map.rank() - 2) && width <= map.dim(map.rank() - 1);
  }
}
