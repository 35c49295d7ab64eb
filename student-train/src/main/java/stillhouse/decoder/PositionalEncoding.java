package stillhouse.decoder;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.util.List;
import stillhouse.onnx.OnnxAttributes;
import stillhouse.onnx.OnnxGraph;
import stillhouse.student.Scalar;
import stillhouse.student.Weights;

/**
 * Random Fourier features of places u in 0…1: the sines, then the cosines, of 2π (2u − 1) G, with G
 * [2, C/2] normal, of a deviation that is SAM's 1 unless said, and never trained. Source: SAM's
 * class PositionEmbeddingRandom (after Tancik et al., 2020).
 */
final class PositionalEncoding {
  private final String name;
  private final int half;
  private final NDArray frequencies;

  PositionalEncoding(Weights weights, String name, int channels, double deviation) {
    this.name = name;
    half = channels / 2;
    frequencies = weights.normalBuffer(name, deviation, 2, half);
  }

  /**
   * @param places [.., 2], x before y
   * @return [.., C]
   */
  NDArray of(NDArray places) {
    NDArray turns = Scalar.times(places, 2).sub(1).matMul(frequencies);
    NDArray angles = Scalar.times(turns, 2 * Math.PI);
    return angles.sin().concat(angles.cos(), angles.getShape().dimension() - 1);
  }

  /** Of the middles of a grid's cells, row by row, [h·w, C]. */
  NDArray of(PromptGrid grid, NDManager manager) {
    return of(manager.create(middles(grid), new Shape(grid.cells(), 2)));
  }

  /** Appends {@link #of(NDArray)}. */
  String export(OnnxGraph graph, String places) {
    String signed =
        graph.node("Sub", List.of(graph.node("Mul", List.of(places, two(graph))), one(graph)));
    String turns =
        graph.node("MatMul", List.of(signed, graph.constant(name, turnsPerUnit(), 2, half)));
    return graph.node(
        "Concat",
        List.of(graph.node("Sin", List.of(turns)), graph.node("Cos", List.of(turns))),
        OnnxAttributes.integer("axis", -1));
  }

  /** Appends the encoding of a grid: nodes of constants alone, which a runtime folds. */
  String export(OnnxGraph graph, PromptGrid grid) {
    return export(graph, graph.constant("middles", middles(grid), grid.cells(), 2));
  }

  private float[] turnsPerUnit() {
    float[] values = frequencies.toFloatArray();
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) (2 * Math.PI * values[i]);
    }
    return values;
  }

  private static String two(OnnxGraph graph) {
    return graph.constant("two", new float[] {2});
  }

  private static String one(OnnxGraph graph) {
    return graph.constant("one", new float[] {1});
  }

  private static float[] middles(PromptGrid grid) {
    float[] places = new float[2 * grid.cells()];
    for (int i = 0; i < grid.cells(); i++) {
      places[2 * i] = (i % grid.width() + 0.5f) / grid.width();
      places[2 * i + 1] = (i / grid.width() + 0.5f) / grid.height();
    }
    return places;
  }
}
