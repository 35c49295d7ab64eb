package stillhouse.student;

import static stillhouse.student.Student.PREFIX;

import java.util.ArrayList;
import java.util.List;

/**
 * TinyViT's encoder (Wu et al., 2022) under a light top-down decoder: a convolution stem to stride
 * 4, a stage of MBConv blocks, then stages of window attention, each block attention, depthwise
 * 3×3, MLP; patch merging between stages. Departures: no drop-path (students of this size
 * underfit), and the embedding comes from all stages at stride 4, not from the last one.
 */
final class TinyVit {
  private TinyVit() {}

  static Student create(StudentConfig config, InputSize input, Weights weights) {
    List<Integer> channels = config.channels();
    int height = input.height() / PyramidStudent.STRIDE;
    int width = input.width() / PyramidStudent.STRIDE;
    List<Layer> levels = new ArrayList<>();
    for (int i = 0; i < channels.size(); i++) {
      levels.add(
          i == 0
              ? convolutions(weights, config)
              : attentions(weights, config, i, height >> i, width >> i));
    }
    TopDown decoder = TopDown.separable(weights, config, input, Nonlinearity.GELU);
    Layer stem = stem(weights, channels.get(0), config.norm());
    return new PyramidStudent(
        weights, input, config.embedding(), stem, levels, decoder, Nonlinearity.GELU);
  }

  /** Two strided convolutions, the first to half the width. */
  static Layer stem(Weights weights, int out, Norm norm) {
    return Sequence.of(
        new ConvNorm(weights, PREFIX + "stem0", Kernel.strided(3, out / 2, 3, 2), norm),
        Nonlinearity.GELU,
        new ConvNorm(weights, PREFIX + "stem1", Kernel.strided(out / 2, out, 3, 2), norm));
  }

  private static Layer convolutions(Weights weights, StudentConfig config) {
    List<Layer> blocks = new ArrayList<>();
    for (int b = 0; b < config.depths().get(0); b++) {
      String name = PREFIX + "stage0.block" + b;
      blocks.add(MbConv.of(weights, name, config.channels().get(0), config.norm()));
    }
    return new Sequence(blocks);
  }

  private static Layer attentions(
      Weights weights, StudentConfig config, int stage, int height, int width) {
    String name = PREFIX + "stage" + stage;
    int channels = config.channels().get(stage);
    List<Layer> layers = new ArrayList<>();
    layers.add(
        PatchMerging.of(
            weights, name + ".merge", config.channels().get(stage - 1), channels, config.norm()));
    for (int b = 0; b < config.depths().get(stage); b++) {
      String block = name + ".block" + b;
      layers.add(
          new Residual(
              WindowAttention.tinyVit(
                  weights,
                  block + ".attention",
                  channels,
                  config.heads().get(stage - 1),
                  config.windows().get(stage - 1),
                  height,
                  width)));
      layers.add(
          new ConvNorm(weights, block + ".local", Kernel.depthwise(channels, 3, 1), config.norm()));
      layers.add(new Residual(TokenMlp.of(weights, block + ".mlp", channels, height, width)));
    }
    return new Sequence(layers);
  }
}
