package stillhouse.student;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.Shape;
import java.util.List;
import stillhouse.onnx.OnnxGraph;

/**
 * Cuts a [B, C, height, width] map into tokens of tall × wide windows, [B·n, tall·wide, C], and
 * puts them together again. A window is no larger than the map; a map that its windows do not
 * divide is zero-padded below and to the right, and cropped after. All shapes but the batch are
 * fixed.
 */
final class Windows {
  private final int channels;
  private final int height;
  private final int width;
  private final int tall;
  private final int wide;
  private final int rows;
  private final int columns;

  Windows(int channels, int height, int width, int side) {
    this.channels = channels;
    this.height = height;
    this.width = width;
    tall = Math.min(side, height);
    wide = Math.min(side, width);
    rows = (height + tall - 1) / tall;
    columns = (width + wide - 1) / wide;
  }

  int tall() {
    return tall;
  }

  int wide() {
    return wide;
  }

  /** Tokens in one window. */
  int tokens() {
    return tall * wide;
  }

  /** Windows of one map. */
  int count() {
    return rows * columns;
  }

  /** The row of the padded map in which a window's token lies. */
  int row(int window, int token) {
    return window / columns * tall + token / wide;
  }

  int column(int window, int token) {
    return window % columns * wide + token % wide;
  }

  NDArray cut(NDArray x) {
    NDArray whole =
        padded() ? x.pad(new Shape(0, paddedWidth() - width, 0, paddedHeight() - height), 0) : x;
    return whole
        .reshape(-1, channels, rows, tall, columns, wide)
        .transpose(0, 2, 4, 3, 5, 1)
        .reshape(-1, tokens(), channels);
  }

  NDArray join(NDArray tokens) {
    NDArray whole =
        tokens
            .reshape(-1, rows, columns, tall, wide, channels)
            .transpose(0, 5, 1, 3, 2, 4)
            .reshape(-1, channels, paddedHeight(), paddedWidth());
    return padded() ? whole.get(new NDIndex(":,:,:{},:{}", height, width)) : whole;
  }

  String exportCut(OnnxGraph graph, String x) {
    String whole = x;
    if (padded()) {
      long below = paddedHeight() - height;
      long right = paddedWidth() - width;
      whole = graph.node("Pad", List.of(x, graph.indices("pads", 0, 0, 0, 0, 0, 0, below, right)));
    }
    String cells = graph.reshape(whole, -1, channels, rows, tall, columns, wide);
    return graph.reshape(graph.transpose(cells, 0, 2, 4, 3, 5, 1), -1, tokens(), channels);
  }

  String exportJoin(OnnxGraph graph, String tokens) {
    String cells = graph.reshape(tokens, -1, rows, columns, tall, wide, channels);
    String whole =
        graph.reshape(
            graph.transpose(cells, 0, 5, 1, 3, 2, 4), -1, channels, paddedHeight(), paddedWidth());
    if (!padded()) {
      return whole;
    }
    return graph.node(
        "Slice",
        List.of(
            whole,
            graph.indices("starts", 0, 0),
            graph.indices("ends", height, width),
            graph.indices("axes", 2, 3)));
  }

  boolean padded() {
    return paddedHeight() != height || paddedWidth() != width;
  }

  int paddedHeight() {
    return rows * tall;
  }

  int paddedWidth() {
    return columns * wide;
  }
}
