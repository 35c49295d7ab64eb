package stillhouse.student;

import ai.djl.ndarray.NDArray;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import stillhouse.onnx.OnnxGraph;

/**
 * ResNet's trunk (He et al., 2016) under a neck that gives what a ViT encoder of SAM's gives: one
 * map of {@code embedding} channels at {@code stride}.
 *
 * <pre>
 *   trunk, stride 32 → 1×1 to embedding → [bilinear ×2 → 3×3] until the stride → 3×3 … → embedding
 * </pre>
 *
 * with batch normalisation after every convolution and a ReLU before the next, {@value #SQUARES}
 * 3×3 convolutions in all. The embedding itself is not rectified, as SAM's is not.
 *
 * <p>Source: seed kd-sam, "ResNet-50 (modified)": channels 2048 → 256 and upsampling to the
 * teacher's grid, 26.4 M parameters. It does not say how: ResNet-50's trunk has 23,508,032, the 1×1
 * 524,800 with its normalisation, and four 3×3 convolutions 4 · 590,336, together 26,394,176. SAM's
 * mask decoder is not among them.
 *
 * <p>Logits are a small head's of the embedding (3×3 to a quarter of its channels, then 1×1),
 * resized bilinearly to the input; as {@link Part}s, that head is the decoder and all else the
 * encoder.
 */
final class ResNetNeck implements Student {
  /** Their parameters make the seed's 26.4 M of ResNet-50's 23.5. */
  private static final int SQUARES = 4;

  private static final int COARSEST = InputSize.MULTIPLE;

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

  private ResNetNeck(StudentConfig config, InputSize input, Weights weights) {
    this.config = config;
    this.input = input;
    stem = Sequence.of(new InputNormalisation(weights.manager()), ResNet.stem(config, weights));
    levels = List.copyOf(ResNet.levels(config, weights));
    neck = neck(config, input, weights);
    int through = Math.max(1, config.embedding() / HEAD);
    head =
        Sequence.of(
            Nonlinearity.RELU,
            new ConvNorm(
                weights,
                PREFIX + "head.mix",
                Kernel.of(config.embedding(), through, 3),
                config.norm()),
            Nonlinearity.RELU,
            Convolution.biased(
                weights,
                PREFIX + "head.classes",
                Kernel.of(through, input.classes(), 1),
                HEAD_GAIN));
    InputSize.Grid grid = input.atStride(config.stride());
    resize = BilinearResize.by(config.stride(), grid.height(), grid.width());
  }

  static Student create(StudentConfig config, InputSize input, Weights weights) {
    return new ResNetNeck(config, input, weights);
  }

  private static Layer neck(StudentConfig config, InputSize input, Weights weights) {
    int channels = config.embedding();
    int deepest = config.channels().get(config.channels().size() - 1);
    List<Layer> layers = new ArrayList<>();
    layers.add(
        new ConvNorm(weights, PREFIX + "neck", Kernel.of(deepest, channels, 1), config.norm()));
    int stride = COARSEST;
    for (int i = 0; i < SQUARES; i++) {
      layers.add(Nonlinearity.RELU);
      if (stride > config.stride()) {
        InputSize.Grid grid = input.atStride(stride);
        layers.add(BilinearResize.by(2, grid.height(), grid.width()));
        stride /= 2;
      }
      Kernel square = Kernel.of(channels, channels, 3);
      layers.add(new ConvNorm(weights, PREFIX + "neck" + i, square, config.norm()));
    }
    return new Sequence(layers);
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
