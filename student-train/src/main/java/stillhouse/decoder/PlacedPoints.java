package stillhouse.decoder;

import java.util.List;
import stillhouse.onnx.OnnxAttributes;
import stillhouse.onnx.OnnxGraph;
import stillhouse.points.PointSettings;
import stillhouse.points.ProposedPoints;

/**
 * The K places of each image that {@link ProposedPoints} names, as nodes; there are always K, and
 * those that are none have the value 0.
 *
 * @param values e of each place, [N, K]
 * @param coords [N·K, 2, 2]: the place and its padding point, in pixels of the input
 * @param labels [1, 2], the same for all
 */
record PlacedPoints(String values, String coords, String labels, int points) {
  /**
   * @param logits [N, C, H, W]
   */
  static PlacedPoints append(
      OnnxGraph graph, PointsGrid grid, PointSettings settings, String logits) {
    String saliency = saliency(graph, grid, settings, logits);
    int apart = ProposedPoints.APART;
    String around =
        graph.node(
            "MaxPool",
            List.of(saliency),
            OnnxAttributes.ints("kernel_shape", 2 * apart + 1, 2 * apart + 1),
            OnnxAttributes.ints("pads", apart, apart, apart, apart));
    String greatest = graph.node("GreaterOrEqual", List.of(saliency, around));
    String peaks = graph.node("Where", List.of(greatest, saliency, number(graph, 0)));
    List<String> best =
        graph.nodes(
            "TopK",
            List.of(
                graph.reshape(peaks, 0, grid.cells()), graph.indices("points", settings.points())),
            2);
    String table = graph.constant("places", table(grid), grid.cells(), 2, 2);
    String places = graph.node("Gather", List.of(table, best.get(1)));
    return new PlacedPoints(
        best.get(0),
        graph.reshape(places, -1, 2, 2),
        graph.constant("labels", new float[] {1, PromptKinds.PADDING}, 1, 2),
        settings.points());
  }

  /** e, [N, 1, rows, columns]. */
  private static String saliency(
      OnnxGraph graph, PointsGrid grid, PointSettings settings, String logits) {
    String z =
        graph.node(
            "ReduceMax", List.of(pooled(graph, logits, grid.stride()), graph.indices("axes", 1)));
    String p = graph.node("Sigmoid", List.of(z));
    int[] radii = ProposedPoints.radii();
    String sum = around(graph, p, radii[0]);
    for (int i = 1; i < radii.length; i++) {
      sum = graph.node("Add", List.of(sum, around(graph, p, radii[i])));
    }
    String mean = graph.node("Mul", List.of(sum, number(graph, 1f / radii.length)));
    String slope =
        graph.constant(
            "slope", ProposedPoints.slope(grid.cells()), 1, 1, grid.rows(), grid.columns());
    String q = graph.node("Relu", List.of(graph.node("Sub", List.of(mean, slope))));
    String there = graph.node("Greater", List.of(z, number(graph, settings.leastLogit())));
    return graph.node("Where", List.of(there, q, number(graph, 0)));
  }

  /** The mean of (2r+1)² cells, those outside the image being 0. */
  private static String around(OnnxGraph graph, String p, int r) {
    return graph.node(
        "AveragePool",
        List.of(p),
        OnnxAttributes.ints("kernel_shape", 2 * r + 1, 2 * r + 1),
        OnnxAttributes.ints("pads", r, r, r, r),
        OnnxAttributes.integer("count_include_pad", 1));
  }

  /** The mean of each cell of so many pixels along a side. */
  static String pooled(OnnxGraph graph, String map, int stride) {
    return stride == 1
        ? map
        : graph.node(
            "AveragePool",
            List.of(map),
            OnnxAttributes.ints("kernel_shape", stride, stride),
            OnnxAttributes.ints("strides", stride, stride));
  }

  static String number(OnnxGraph graph, float value) {
    return graph.constant("number", new float[] {value});
  }

  /** Each cell's middle and (0, 0). */
  private static float[] table(PointsGrid grid) {
    float[] table = new float[4 * grid.cells()];
    for (int i = 0; i < grid.cells(); i++) {
      table[4 * i] = ProposedPoints.middle(i % grid.columns(), grid.stride());
      table[4 * i + 1] = ProposedPoints.middle(i / grid.columns(), grid.stride());
    }
    return table;
  }

  /**
   * Each place's image, [N·K, C, rows, columns].
   *
   * @param embedding [N, C, rows, columns]
   */
  String embeddings(OnnxGraph graph, PointsGrid grid, String embedding) {
    String flat = graph.reshape(embedding, 0, 1, (long) grid.channels() * grid.cells());
    String each = graph.node("Expand", List.of(flat, graph.indices("points", 1, points, 1)));
    return graph.reshape(each, -1, grid.channels(), grid.rows(), grid.columns());
  }
}
