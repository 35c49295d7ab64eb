package stillhouse.student;

import ai.djl.ndarray.NDArray;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import stillhouse.onnx.OnnxGraph;

/**
 * A student whose encoder ends in one map, as SAM's does: a trunk, and a neck from its last map to
 * the embedding. Logits are a small head's of the embedding (3×3 to a quarter of its channels, then
 * 1×1), resized bilinearly to the input; as {@link Part}s, that head is the decoder and all else
 * the encoder.
 */
final class NeckStudent implements Student {
  private static final int HEAD = 4; // the head is so many times as narrow as the embedding

  // Small first logits: the loss starts at its value for "undecided", not at a guess.
  private static final double HEAD_GAIN = 0.1;

  private final InputSize input;
  private final StudentConfig config;
  private final Layer stem;
  private final List<Layer> levels;
  private final Layer neck;
  private final Layer head;
  private final BilinearResize resize;

  /**
   * @param stem from the normalised image to the first level's input
   * @param levels each from the map before it to its own
   * @param neck from the last of them to the embedding, at the stride of {@code config}
   * @param activation before each convolution of the head
   */
  NeckStudent(
      StudentConfig config,
      InputSize input,
      Weights weights,
      Layer stem,
      List<Layer> levels,
      Layer neck,
      Nonlinearity activation) {
    this.config = config;
    this.input = input;
    this.stem = Sequence.of(new InputNormalisation(weights.manager()), stem);
    this.levels = List.copyOf(levels);
    this.neck = neck;
    int through = Math.max(1, config.embedding() / HEAD);
    head =
        Sequence.of(
            activation,
            new ConvNorm(
                weights,
                PREFIX + "head.mix",
                Kernel.of(config.embedding(), through, 3),
                config.norm()),
            activation,
            Convolution.biased(
                weights,
                PREFIX + "head.classes",
                Kernel.of(through, input.classes(), 1),
                HEAD_GAIN));
    InputSize.Grid grid = input.atStride(config.stride());
    resize = BilinearResize.by(config.stride(), grid.height(), grid.width());
  }

  @Override
  public StudentOutput forward(NDArray image, Set<Part> training) {
    input.requireFit(image);
    boolean encoding = training.contains(Part.ENCODER);
    boolean decoding = training.contains(Part.DECODER);
    NDArray x = stem.forward(image, encoding);
    List<NDArray> maps = new ArrayList<>();
    for (Layer level : levels) {
      x = level.forward(x, encoding);
      maps.add(x);
    }
    NDArray embedding = neck.forward(x, encoding);
    NDArray logits = resize.forward(head.forward(embedding, decoding), decoding);
    return new StudentOutput(embedding, logits, maps);
  }

  @Override
  public void export(OnnxGraph graph) {
    String x = stem.export(graph, graph.input("image", 3, input.height(), input.width()));
    for (Layer level : levels) {
      x = level.export(graph, x);
    }
    String embedding = neck.export(graph, x);
    String logits = resize.export(graph, head.export(graph, embedding));
    InputSize.Grid grid = input.atStride(config.stride());
    graph.output(logits, "logits", input.classes(), input.height(), input.width());
    graph.output(embedding, "embedding", config.embedding(), grid.height(), grid.width());
  }

  @Override
  public int embeddingChannels() {
    return config.embedding();
  }

  @Override
  public List<Integer> levelChannels() {
    return config.channels();
  }

  @Override
  public int embeddingStride() {
    return config.stride();
  }

  @Override
  public int classes() {
    return input.classes();
  }
}
