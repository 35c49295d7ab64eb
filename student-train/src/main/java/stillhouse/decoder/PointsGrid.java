package stillhouse.decoder;

import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import stillhouse.points.PointSettings;

/**
 * Sizes of a student and its decoder, as their files declare them.
 *
 * @param classes of the logits, which are of the input's size
 * @param channels of the embedding
 * @param rows of the embedding's grid
 * @param masks candidates of one answer
 * @param maskRows of each
 */
record PointsGrid(
    int classes,
    int height,
    int width,
    int channels,
    int rows,
    int columns,
    int masks,
    int maskRows,
    int maskColumns) {

  static PointsGrid of(ModelProto student, ModelProto decoder, PointSettings settings) {
    GraphProto network = student.getGraph();
    int[] logits = PointsFile.sizes(network.getOutputList(), "logits");
    int[] embedding = PointsFile.sizes(network.getOutputList(), "embedding");
    int[] masks = PointsFile.sizes(decoder.getGraph().getOutputList(), "low_res_masks");
    PointsGrid grid =
        new PointsGrid(
            logits[0],
            logits[1],
            logits[2],
            embedding[0],
            embedding[1],
            embedding[2],
            masks[0],
            masks[1],
            masks[2]);
    grid.requireFit(settings);
    return grid;
  }

  private void requireFit(PointSettings settings) {
    boolean whole =
        stride() * rows == height
            && stride() * columns == width
            && maskStride() * maskRows == height
            && maskStride() * maskColumns == width;
    if (!whole || masks < 2) {
      throw new IllegalArgumentException(
          "Cannot join logits of %d×%d, an embedding of %d×%d and %d masks of %d×%d (each must divide the one before, with two masks or more)"
              .formatted(height, width, rows, columns, masks, maskRows, maskColumns));
    }
    if (settings.points() > cells()) {
      throw new IllegalArgumentException(
          "Invalid points: %d (must be at most the %d cells of the embedding)"
              .formatted(settings.points(), cells()));
    }
  }

  int cells() {
    return rows * columns;
  }

  int maskCells() {
    return maskRows * maskColumns;
  }

  /** Input pixels of one cell of the embedding, along a side. */
  int stride() {
    return height / rows;
  }

  /** Input pixels of one cell of a mask, along a side. */
  int maskStride() {
    return height / maskRows;
  }
}
