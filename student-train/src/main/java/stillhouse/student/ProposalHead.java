package stillhouse.student;

import ai.djl.ndarray.NDArray;
import java.util.List;
import stillhouse.onnx.OnnxGraph;

/**
 * Boxes of what is an object in a data set, proposed by every cell of a student's embedding and of
 * no class:
 *
 * <pre>
 *   embedding → 3×3 → ReLU → 3×3 → ReLU ┬ 1×1            → objectness, a logit a cell
 *                                       └ 1×1 → softplus → left, top, right, bottom
 * </pre>
 *
 * with the student's normalisation after each 3×3. Distances are those from the cell's middle to
 * the box's sides, in cells, above 0.
 *
 * <p>Source: EdgeSAM (Zhou et al., 2023), "granularity priors": a light proposal network upon the
 * frozen encoder. Departures: one map, the embedding, where EdgeSAM has EfficientDet's pyramid; no
 * anchors, as in FCOS (Tian et al., 2019).
 */
public final class ProposalHead {
  /** Of its tensors' names. */
  public static final String PREFIX = Student.PREFIX + "proposals.";

  // Of the cells a hundredth are objects at the start: focal loss's published start, without which
  // the many that are none would drown the few.
  private static final double PRIOR = 0.01;
  private static final double START = 2; // cells: boxes of four by four
  private static final double GAIN = 0.1; // of either 1×1, so that its bias is what counts at first

  private final int channels;
  private final Layer mix;
  private final Layer objectness;
  private final Layer distances;

  /**
   * What every cell proposes.
   *
   * @param objectness logits, [B, 1, h, w]
   * @param distances left, top, right, bottom, in cells, [B, 4, h, w]
   */
  public record Maps(NDArray objectness, NDArray distances) {}

  private ProposalHead(
      PromptSettings.Proposals settings, int channels, Norm norm, Weights weights) {
    this.channels = channels;
    int width = settings.channels();
    mix =
        Sequence.of(
            new ConvNorm(weights, PREFIX + "mix0", Kernel.of(channels, width, 3), norm),
            Nonlinearity.RELU,
            new ConvNorm(weights, PREFIX + "mix1", Kernel.of(width, width, 3), norm),
            Nonlinearity.RELU);
    objectness =
        Convolution.biased(
            weights,
            PREFIX + "objectness",
            Kernel.of(width, 1, 1),
            GAIN,
            -Math.log((1 - PRIOR) / PRIOR));
    distances =
        Sequence.of(
            Convolution.biased(
                weights,
                PREFIX + "distances",
                Kernel.of(width, 4, 1),
                GAIN,
                Math.log(Math.expm1(START))),
            Nonlinearity.SOFTPLUS);
  }

  /**
   * Makes the head of {@code config} with fresh tensors in {@code weights}.
   *
   * @param config whose {@code prompt} has proposals
   */
  public static ProposalHead create(StudentConfig config, Weights weights) {
    return new ProposalHead(
        config.prompt().proposals(), config.embedding(), config.norm(), weights);
  }

  /**
   * @param embedding [B, C, h, w]
   */
  public Maps forward(NDArray embedding, boolean training) {
    NDArray x = mix.forward(embedding, training);
    return new Maps(objectness.forward(x, training), distances.forward(x, training));
  }

  /**
   * Appends the head in inference form: input {@code image_embeddings} [N, C, height, width],
   * outputs {@code scores} [N, 1, height, width], which are the objectness as probabilities, and
   * {@code distances} [N, 4, height, width].
   */
  public void export(OnnxGraph graph, int height, int width) {
    String x = mix.export(graph, graph.input("image_embeddings", channels, height, width));
    String scores = graph.node("Sigmoid", List.of(objectness.export(graph, x)));
    graph.output(scores, "scores", 1, height, width);
    graph.output(distances.export(graph, x), "distances", 4, height, width);
  }
}
