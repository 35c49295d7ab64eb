package stillhouse.student;

import ai.djl.ndarray.NDArray;
import java.util.Arrays;
import stillhouse.onnx.OnnxGraph;

/**
 * Cuts a map [B, C, height, width] into squares, each a token of its side²·C numbers, and makes a
 * map of {@code out} channels on the coarser grid of them.
 */
final class Patches implements Layer {
  /** In which order a square's numbers stand in its token. */
  enum Order {
    /** Channel by channel, each row by row: a strided convolution's. */
    CHANNELS_FIRST(0, 2, 4, 1, 3, 5),
    /** Column by column, each cell's channels together: Swin's patch merging. */
    COLUMNS_FIRST(0, 2, 4, 5, 3, 1);

    private final int[] axes;

    Order(int... axes) {
      this.axes = axes;
    }

    private long[] asLongs() {
      return Arrays.stream(axes).asLongStream().toArray();
    }
  }

  private final int channels;
  private final int rows;
  private final int columns;
  private final int side;
  private final Order order;
  private final int out;
  private final Layer layers;

  /**
   * @param layers of tokens, from side²·channels to {@code out} numbers each
   */
  Patches(int channels, InputSize.Grid grid, int side, Order order, int out, Layer layers) {
    this.channels = channels;
    this.rows = grid.height() / side;
    this.columns = grid.width() / side;
    this.side = side;
    this.order = order;
    this.out = out;
    this.layers = layers;
  }

  @Override
  public NDArray forward(NDArray x, boolean training) {
    NDArray tokens =
        x.reshape(-1, channels, rows, side, columns, side)
            .transpose(order.axes)
            .reshape(-1, (long) rows * columns, numbers());
    return layers.forward(tokens, training).transpose(0, 2, 1).reshape(-1, out, rows, columns);
  }

  @Override
  public String export(OnnxGraph graph, String input) {
    String cells = graph.reshape(input, -1, channels, rows, side, columns, side);
    String tokens =
        graph.reshape(
            graph.transpose(cells, order.asLongs()), -1, (long) rows * columns, numbers());
    String made = graph.transpose(layers.export(graph, tokens), 0, 2, 1);
    return graph.reshape(made, -1, out, rows, columns);
  }

  private long numbers() {
    return (long) channels * side * side;
  }
}
