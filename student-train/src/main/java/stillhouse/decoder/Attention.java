package stillhouse.decoder;

import ai.djl.ndarray.NDArray;
import java.util.Arrays;
import java.util.List;
import stillhouse.onnx.OnnxAttributes;
import stillhouse.onnx.OnnxGraph;
import stillhouse.student.Linear;
import stillhouse.student.Scalar;
import stillhouse.student.Weights;

/**
 * softmax(q kᵀ / √d) v with heads side by side, in {@code inner} channels, back to C. Source: SAM's
 * class Attention.
 */
final class Attention {
  private final int inner;
  private final int heads;
  private final Linear query;
  private final Linear key;
  private final Linear value;
  private final Linear out;

  /**
   * Between tokens and cells. Queries and keys start alike, so that from the first step on a token
   * and a cell attend to each other the more the nearer they lie, which prompts have to find
   * otherwise. Ours, after mimetic initialisation (Trockman and Kolter, 2023); SAM's start apart.
   *
   * @param inner channels of all heads together
   */
  static Attention ofPlaces(Weights weights, String name, int channels, int inner, int heads) {
    Linear query = Linear.of(weights, name + ".q_proj", channels, inner, Math.sqrt(2.0 / channels));
    return new Attention(
        weights, name, channels, heads, query, query.twin(weights, name + ".k_proj"));
  }

  /** Among tokens. */
  static Attention ofTokens(Weights weights, String name, int channels, int heads) {
    return new Attention(
        weights,
        name,
        channels,
        heads,
        new Linear(weights, name + ".q_proj", channels, channels),
        new Linear(weights, name + ".k_proj", channels, channels));
  }

  private Attention(
      Weights weights, String name, int channels, int heads, Linear query, Linear key) {
    this.inner = query.outputs();
    this.heads = heads;
    this.query = query;
    this.key = key;
    value = new Linear(weights, name + ".v_proj", channels, inner);
    out = new Linear(weights, name + ".out_proj", inner, channels);
  }

  /**
   * @param q [P, N, C]
   * @param k [P, L, C], or one for all P
   * @param v like {@code k}
   * @return [P, N, C]
   */
  NDArray forward(NDArray q, NDArray k, NDArray v, boolean training) {
    NDArray asked = byHead(Scalar.times(query.forward(q, training), scale()));
    NDArray scores = asked.matMul(byHead(key.forward(k, training)).transpose(0, 1, 3, 2));
    NDArray seen = scores.softmax(-1).matMul(byHead(value.forward(v, training)));
    NDArray joined = seen.transpose(0, 2, 1, 3).reshape(-1, q.getShape().get(1), inner);
    return out.forward(joined, training);
  }

  /** [P, heads, L, d] of [P, L, heads·d]. */
  private NDArray byHead(NDArray tokens) {
    return tokens.reshape(-1, tokens.getShape().get(1), heads, inner / heads).transpose(0, 2, 1, 3);
  }

  String export(OnnxGraph graph, String q, String k, String v) {
    double[] scales = new double[inner];
    Arrays.fill(scales, scale()); // in the weights, which saves a node
    String asked = byHead(graph, query.exportScaled(graph, q, scales), 0, 2, 1, 3);
    String keys = byHead(graph, key.export(graph, k), 0, 2, 3, 1);
    String shares =
        graph.node(
            "Softmax",
            List.of(graph.node("MatMul", List.of(asked, keys))),
            OnnxAttributes.integer("axis", -1));
    String values = byHead(graph, value.export(graph, v), 0, 2, 1, 3);
    String seen = graph.transpose(graph.node("MatMul", List.of(shares, values)), 0, 2, 1, 3);
    return out.export(graph, graph.reshape(seen, 0, 0, inner));
  }

  private String byHead(OnnxGraph graph, String tokens, long... order) {
    return graph.transpose(graph.reshape(tokens, 0, 0, heads, inner / heads), order);
  }

  private double scale() {
    return 1 / Math.sqrt((double) inner / heads);
  }
}
