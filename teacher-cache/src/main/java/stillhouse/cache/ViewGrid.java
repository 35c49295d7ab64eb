package stillhouse.cache;

import java.io.Serializable;
import java.util.function.Function;
import org.apache.spark.sql.Row;
import stillhouse.teacher.MapExtent;
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
    FloatTensor planes = planes(map);
    return of(planes, new MapExtent.Covered(planes.dim(1), planes.dim(2)));
  }

  /**
   * The same of what an image covers of its map, so that a cell of the grid holds what the teacher
   * says of the image there, and nothing of the padding beside it but the last row's own share.
   */
  FloatTensor of(FloatTensor map, MapExtent.Covered covered) {
    FloatTensor planes = planes(map);
    return height <= covered.rows() && width <= covered.columns()
        ? Resize.area(planes, covered.rows(), covered.columns(), height, width)
        : Resize.bilinear(planes, covered.rows(), covered.columns(), height, width);
  }

  private static FloatTensor planes(FloatTensor map) {
    return map.rank() == 3
        ? map
        : new FloatTensor(new int[] {1, map.dim(0), map.dim(1)}, map.data());
  }

  /** An image as the teacher saw it, and where it ends in the teacher's maps. */
  record Seen(MapExtent extent, int width, int height) {
    MapExtent.Covered covered(FloatTensor map) {
      return extent.covered(map.dim(map.rank() - 2), map.dim(map.rank() - 1), width, height);
    }
  }

  /**
   * A stored tensor on the grid, whichever is finer: where the image ends in it is not known any
   * more once it is joined to its sample.
   */
  Row placed(String key, Row stored, DType type, Seen seen) {
    return reading(key, stored, map -> TensorColumn.encode(of(map, seen.covered(map)), type));
  }

  /** The same of a layer as its encoding has it, all channels. */
  Row placed(String key, Row stored, Encoding encoding, String layer, Seen seen) {
    DType type = encoding.type().floating();
    if (encoding.projection(layer).isEmpty()) {
      return placed(key, stored, type, seen);
    }
    return reading(
        key,
        stored,
        map -> TensorColumn.encode(encoding.restored(layer, of(map, seen.covered(map))), type));
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
