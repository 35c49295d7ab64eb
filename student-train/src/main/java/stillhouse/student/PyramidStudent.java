package stillhouse.student;

import ai.djl.ndarray.NDArray;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import stillhouse.onnx.OnnxGraph;

/**
 * A student of an encoder whose maps lie at strides 4, 8, …, a top-down decoder to the embedding at
 * stride 4, and one logit a class, resized to the input bilinearly within the network. As {@link
 * Part}s the top-down decoder is of the encoder, since it makes the embedding; what is decoded of
 * that is the head's.
 */
final class PyramidStudent implements Student {
  static final int STRIDE = 4;

  // Small first logits: the loss starts at its value for "undecided", not at a guess.
  private static final double HEAD_GAIN = 0.1;

  private final InputSize input;
  private final int embeddingChannels;
  private final Layer stem;
  private final List<Layer> levels;
  private final TopDown decoder;
  private final Layer head;
  private final BilinearResize resize;

  /**
   * @param stem from the image to the first level's input
   * @param levels each from the map before it to its own, at strides 4, 8, …
   * @param activation between the embedding and the classes' 1×1 convolution
   */
  PyramidStudent(
      Weights weights,
      InputSize input,
      int embeddingChannels,
      Layer stem,
      List<Layer> levels,
      TopDown decoder,
      Nonlinearity activation) {
    this.input = input;
    this.embeddingChannels = embeddingChannels;
    this.stem = Sequence.of(new InputNormalisation(weights.manager()), stem);
    this.levels = List.copyOf(levels);
    this.decoder = decoder;
    head =
        Sequence.of(
            activation,
            Convolution.biased(
                weights,
                PREFIX + "head",
                Kernel.of(embeddingChannels, input.classes(), 1),
                HEAD_GAIN));
    InputSize.Grid grid = input.atStride(STRIDE);
    resize = BilinearResize.by(STRIDE, grid.height(), grid.width());
  }

  @Override
  public StudentOutput forward(NDArray image, Set<Part> training) {
    input.requireFit(image);
    boolean encoding = training.contains(Part.ENCODER);
    boolean decoding = training.contains(Part.DECODER);
    List<NDArray> maps = encode(image, encoding);
    NDArray embedding = decoder.forward(maps, encoding);
    NDArray logits = resize.forward(head.forward(embedding, decoding), decoding);
    return new StudentOutput(embedding, logits, maps);
  }

  /** The encoder's maps, at strides 4, 8, … */
  List<NDArray> encode(NDArray image, boolean training) {
    NDArray x = stem.forward(image, training);
    List<NDArray> maps = new ArrayList<>();
    for (Layer level : levels) {
      x = level.forward(x, training);
      maps.add(x);
    }
    return maps;
  }

  @Override
  public void export(OnnxGraph graph) {
    String x = stem.export(graph, graph.input("image", 3, input.height(), input.width()));
    List<String> maps = new ArrayList<>();
    for (Layer level : levels) {
      x = level.export(graph, x);
      maps.add(x);
    }
    String embedding = decoder.export(graph, maps);
    String logits = resize.export(graph, head.export(graph, embedding));
    InputSize.Grid grid = input.atStride(STRIDE);
    graph.output(logits, "logits", input.classes(), input.height(), input.width());
    graph.output(embedding, "embedding", embeddingChannels, grid.height(), grid.width());
  }

  @Override
  public int embeddingChannels() {
    return embeddingChannels;
  }

  @Override
  public List<Integer> levelChannels() {
    return decoder.channels();
  }

  @Override
  public int embeddingStride() {
    return STRIDE;
  }

  @Override
  public int classes() {
    return input.classes();
  }
}
