package stillhouse.student;

import ai.djl.ndarray.NDArray;
import java.util.ArrayList;
import java.util.List;
import stillhouse.onnx.OnnxGraph;

/**
 * A student of an encoder whose maps lie at strides 4, 8, …, a top-down decoder to the embedding at
 * stride 4, and one logit a class, resized to the input bilinearly within the network.
 */
final class PyramidStudent implements Student {
  static final int STRIDE = 4;

  // Small first logits: the loss starts at its value for "undecided", not at a guess.
  private static final double HEAD_GAIN = 0.1;

  private final int height;
  private final int width;
  private final int classes;
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
    height = input.height();
    width = input.width();
    classes = input.classes();
    this.embeddingChannels = embeddingChannels;
    this.stem = Sequence.of(new InputNormalisation(weights.manager()), stem);
    this.levels = List.copyOf(levels);
    this.decoder = decoder;
    head =
        Sequence.of(
            activation,
            Convolution.biased(
                weights, PREFIX + "head", Kernel.of(embeddingChannels, classes, 1), HEAD_GAIN));
    resize = BilinearResize.by(STRIDE, height / STRIDE, width / STRIDE);
  }

  @Override
  public StudentOutput forward(NDArray image, boolean training) {
    requireFit(image);
    List<NDArray> maps = encode(image, training);
    NDArray embedding = decoder.forward(maps, training);
    NDArray logits = resize.forward(head.forward(embedding, training), training);
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
    String x = stem.export(graph, graph.input("image", 3, height, width));
    List<String> maps = new ArrayList<>();
    for (Layer level : levels) {
      x = level.export(graph, x);
      maps.add(x);
    }
    String embedding = decoder.export(graph, maps);
    String logits = resize.export(graph, head.export(graph, embedding));
    graph.output(logits, "logits", classes, height, width);
    graph.output(embedding, "embedding", embeddingChannels, height / STRIDE, width / STRIDE);
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
    return classes;
  }

  private void requireFit(NDArray image) {
    long[] shape = image.getShape().getShape();
    if (shape.length != 4 || shape[1] != 3 || shape[2] != height || shape[3] != width) {
      throw new IllegalArgumentException(
          "Invalid image batch: "
              + image.getShape()
              + " (this student was made for [B, 3, "
              + height
              + ", "
              + width
              + "])");
    }
  }
}
