package stillhouse.student;

import static stillhouse.student.Student.PREFIX;

import java.util.ArrayList;
import java.util.List;

/**
 * RepViT's encoder (Wang et al., 2023) under the light top-down decoder: a convolution stem to
 * stride 4, then stages of blocks that mix space by a reparameterised depthwise 3×3 ({@link
 * RepVggDepthwise}), every other one weighs channels ({@link SqueezeExcite}), and mix channels by
 * two 1×1 convolutions around a residual. Departures: the last normalisation of a residual branch
 * starts at {@link ConvNorm#BRANCH_GAIN}, not 0, so that the branch learns from the first step.
 */
final class RepVit {
  private static final int EXPANSION = 2; // the published ratio

  private final Weights weights;
  private final StudentConfig config;

  private RepVit(StudentConfig config, Weights weights) {
    this.config = config;
    this.weights = weights;
  }

  static Student create(StudentConfig config, InputSize input, Weights weights) {
    RepVit network = new RepVit(config, weights);
    List<Layer> levels = new ArrayList<>();
    for (int i = 0; i < config.channels().size(); i++) {
      levels.add(network.stage(i, input.atStride(PyramidStudent.STRIDE << i)));
    }
    TopDown decoder = TopDown.separable(weights, config, input, Nonlinearity.GELU);
    return new PyramidStudent(
        weights,
        input,
        config.embedding(),
        TinyVit.stem(weights, config.channels().get(0), config.norm()),
        levels,
        decoder,
        Nonlinearity.GELU);
  }

  private Layer stage(int index, InputSize.Grid grid) {
    String name = PREFIX + "stage" + index;
    int channels = config.channels().get(index);
    List<Layer> layers = new ArrayList<>();
    if (index > 0) {
      layers.add(downsample(name + ".merge", config.channels().get(index - 1), channels));
    }
    for (int b = 0; b < config.depths().get(index); b++) {
      String block = name + ".block" + b;
      layers.add(new RepVggDepthwise(weights, block + ".mixer", channels));
      if (b % 2 == 0) {
        layers.add(
            new SqueezeExcite(weights, block + ".excite", channels, grid.height(), grid.width()));
      }
      layers.add(mixChannels(block + ".mlp", channels));
    }
    return new Sequence(layers);
  }

  /** A block at the old grid and width, a depthwise 3×3 of stride 2, 1×1 to the new width, 1×1s. */
  private Layer downsample(String name, int in, int out) {
    Norm norm = config.norm();
    return Sequence.of(
        new RepVggDepthwise(weights, name + ".mixer", in),
        mixChannels(name + ".before", in),
        new ConvNorm(weights, name + ".depthwise", Kernel.depthwise(in, 3, 2), norm),
        new ConvNorm(weights, name + ".widen", Kernel.of(in, out, 1), norm),
        mixChannels(name + ".after", out));
  }

  private Layer mixChannels(String name, int channels) {
    int wide = channels * EXPANSION;
    Norm norm = config.norm();
    return new Residual(
        Sequence.of(
            new ConvNorm(weights, name + ".widen", Kernel.of(channels, wide, 1), norm),
            Nonlinearity.GELU,
            new ConvNorm(
                weights,
                name + ".narrow",
                Kernel.of(wide, channels, 1),
                norm,
                ConvNorm.BRANCH_GAIN)));
  }
}
