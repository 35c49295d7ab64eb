package stillhouse.decoder;

import ai.onnx.proto.OnnxMl.TensorProto;
import java.util.List;
import stillhouse.onnx.OnnxAttributes;
import stillhouse.onnx.OnnxGraph;
import stillhouse.points.MergedMasks;
import stillhouse.points.PointSettings;
import stillhouse.student.BilinearResize;

/**
 * What {@link MergedMasks} makes of answers, as nodes. Of K binary masks B [K, h·w] the overlaps
 * are B Bᵀ; with D(j, k) = 1 where j is better than k and the same object,
 *
 * <pre>
 *   s ← a · relu(1 − s D),   from s = a, K − 1 times
 * </pre>
 *
 * (a: 1 for those that may be kept) is the greedy suppression itself, not an approximation: after t
 * steps every mask is right whose chain of better ones is no longer than t.
 */
final class KeptMasks {
  /**
   * @param masks candidates, [N·K, M, h, w]
   * @param ious predicted, [N·K, M]
   * @param values 0 where a place is none, [N, K]
   * @param logits the head's, [N, C, H, W]
   */
  record Asked(String masks, String ious, String values, String logits) {}

  private final OnnxGraph graph;
  private final PointsGrid grid;
  private final PointSettings settings;
  private final int points;

  private KeptMasks(OnnxGraph graph, PointsGrid grid, PointSettings settings) {
    this.graph = graph;
    this.grid = grid;
    this.settings = settings;
    this.points = settings.points();
  }

  /**
   * @return class logits, [N, C, H, W]
   */
  static String append(OnnxGraph graph, PointsGrid grid, PointSettings settings, Asked asked) {
    return new KeptMasks(graph, grid, settings).merged(asked);
  }

  private String merged(Asked asked) {
    String alternatives = alternatives(asked.ious());
    String ious = graph.reshape(reduce("ReduceMax", alternatives, 1), -1, points);
    String masks = best(asked.masks(), alternatives);
    String binary = truth(compare("Greater", masks, 0));
    String areas = reduce("ReduceSum", binary, 2); // [N, K]
    String kept = kept(allowed(asked.values(), ious, areas), ious, binary, areas);
    String composed = composed(masks, kept, classes(asked.logits(), binary));
    String cells = graph.node("Add", List.of(composed, broken(ious, masks)));
    String map = graph.reshape(cells, 0, grid.classes(), grid.maskRows(), grid.maskColumns());
    String merged =
        grid.maskStride() == 1
            ? map
            : BilinearResize.by(grid.maskStride(), grid.maskRows(), grid.maskColumns())
                .export(graph, map);
    return graph.node("Add", List.of(merged, nothingOf(asked.logits())));
  }

  /**
   * 0 where the answers are numbers, else NaN, [N, 1, 1]: comparisons with NaN are false, and an
   * answer that is none would pass for an image without an object.
   */
  private String broken(String ious, String masks) {
    String sure = reduce("ReduceMean", nothingOf(ious), 1);
    String cells = reduce("ReduceMean", reduce("ReduceMean", nothingOf(masks), 2), 1);
    return graph.reshape(graph.node("Add", List.of(sure, cells)), -1, 1, 1);
  }

  /** 0 · value: of no number none. */
  private String nothingOf(String value) {
    return graph.node("Mul", List.of(value, PlacedPoints.number(graph, 0)));
  }

  /** Of [N·K, M] all but the first, which is meant for several points. */
  private String alternatives(String ious) {
    return graph.node(
        "Slice",
        List.of(
            ious,
            graph.indices("starts", 1),
            graph.indices("ends", grid.masks()),
            graph.indices("axes", 1)));
  }

  /** Of each answer the alternative of the greatest predicted IoU, [N, K, h·w]. */
  private String best(String masks, String alternatives) {
    String flat = graph.reshape(masks, 0, grid.masks(), grid.maskCells());
    String others = alternatives(flat);
    String index =
        graph.node(
            "ArgMax",
            List.of(alternatives),
            OnnxAttributes.integer("axis", 1),
            OnnxAttributes.integer("keepdims", 1));
    String chosen = truth(graph.node("Equal", List.of(index, counting(grid.masks() - 1))));
    String mask =
        graph.node("MatMul", List.of(graph.reshape(chosen, 0, 1, grid.masks() - 1), others));
    return graph.reshape(mask, -1, points, grid.maskCells());
  }

  /** a: places that are some, of answers that are sure enough and neither empty nor too large. */
  private String allowed(String values, String ious, String areas) {
    String there = compare("Greater", values, 0);
    String sure = compare("GreaterOrEqual", ious, (float) settings.minIou());
    String some = compare("Greater", areas, 0);
    String small = compare("LessOrEqual", areas, (float) (settings.maxArea() * grid.maskCells()));
    return truth(and(and(there, sure), and(some, small)));
  }

  /** s, [N, 1, K]. */
  private String kept(String allowed, String ious, String binary, String areas) {
    String suppress = truth(and(same(binary, areas), better(ious)));
    String a = graph.reshape(allowed, 0, 1, points);
    String s = a;
    for (int step = 1; step < points; step++) {
      String hit = graph.node("MatMul", List.of(s, suppress));
      String left =
          graph.node(
              "Relu", List.of(graph.node("Sub", List.of(PlacedPoints.number(graph, 1), hit))));
      s = graph.node("Mul", List.of(a, left));
    }
    return s;
  }

  /** Whether two masks are of one object, [N, K, K]. */
  private String same(String binary, String areas) {
    String both = graph.node("MatMul", List.of(binary, graph.transpose(binary, 0, 2, 1)));
    String sum =
        graph.node(
            "Add", List.of(graph.reshape(areas, 0, points, 1), graph.reshape(areas, 0, 1, points)));
    String either = graph.node("Sub", List.of(sum, both));
    String some = graph.node("Max", List.of(either, PlacedPoints.number(graph, 1)));
    String iou = graph.node("Div", List.of(both, some));
    return compare("GreaterOrEqual", iou, (float) settings.overlap());
  }

  /** Whether j is better than k, or as good and earlier, [N, K, K]. */
  private String better(String ious) {
    String j = graph.reshape(ious, 0, points, 1);
    String k = graph.reshape(ious, 0, 1, points);
    float[] earlier = new float[points * points];
    for (int i = 0; i < points; i++) {
      for (int other = i + 1; other < points; other++) {
        earlier[i * points + other] = 1;
      }
    }
    String first = compare("Greater", graph.constant("earlier", earlier, 1, points, points), 0);
    String even = and(graph.node("Equal", List.of(j, k)), first);
    return graph.node("Or", List.of(graph.node("Greater", List.of(j, k)), even));
  }

  /** The class under each mask, [N, K, 1]. */
  private String classes(String logits, String binary) {
    String cells = PlacedPoints.pooled(graph, logits, grid.maskStride());
    String p =
        graph.reshape(graph.node("Sigmoid", List.of(cells)), 0, grid.classes(), grid.maskCells());
    String under = graph.node("MatMul", List.of(binary, graph.transpose(p, 0, 2, 1)));
    return graph.node(
        "ArgMax",
        List.of(under),
        OnnxAttributes.integer("axis", 2),
        OnnxAttributes.integer("keepdims", 1));
  }

  /** The greatest logit of each class's kept masks, [N, C, h·w]. */
  private String composed(String masks, String kept, String classes) {
    String is = graph.node("Equal", List.of(classes, counting(grid.classes())));
    String stays = compare("Greater", graph.reshape(kept, 0, points, 1), 0.5f);
    String of = graph.reshape(truth(and(is, stays)), 0, points, grid.classes(), 1);
    String nothing = PlacedPoints.number(graph, MergedMasks.NOTHING);
    String each =
        graph.node(
            "Where",
            List.of(
                compare("Greater", of, 0.5f),
                graph.reshape(masks, 0, points, 1, grid.maskCells()),
                nothing));
    return graph.node("Max", List.of(reduce("ReduceMax", each, 1), nothing));
  }

  private String compare(String operator, String value, float with) {
    return graph.node(operator, List.of(value, PlacedPoints.number(graph, with)));
  }

  private String and(String one, String other) {
    return graph.node("And", List.of(one, other));
  }

  /** 1 or 0. */
  private String truth(String condition) {
    return graph.node(
        "Cast",
        List.of(condition),
        OnnxAttributes.integer("to", TensorProto.DataType.FLOAT.getNumber()));
  }

  private String reduce(String operator, String value, int axis) {
    return graph.node(
        operator,
        List.of(value, graph.indices("axes", axis)),
        OnnxAttributes.integer("keepdims", 0));
  }

  /** 0, 1, … */
  private String counting(int count) {
    long[] numbers = new long[count];
    for (int i = 0; i < count; i++) {
      numbers[i] = i;
    }
    return graph.indices("counting", numbers);
  }
}
