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
    List<Layer> levels = levels(config, input, weights, InputSize.MULTIPLE);
    TopDown decoder = TopDown.separable(weights, config, input, Nonlinearity.GELU);
    Layer stem = stem(weights, config.channels().get(0), config.norm());
    return new PyramidStudent(
        weights, input, config.embedding(), stem, levels, decoder, Nonlinearity.GELU);
  }

  /**
   * The stages, at the strides 4, 8, …
   *
   * @param coarsest stride, at which the stages that come to it and those behind it are
   */
  static List<Layer> levels(StudentConfig config, InputSize input, Weights weights, int coarsest) {
    List<Layer> levels = new ArrayList<>();
    levels.add(convolutions(weights, config));
    int stride = PyramidStudent.STRIDE;
    for (int i = 1; i < config.channels().size(); i++) {
      int step = stride < coarsest ? 2 : 1;
      stride *= step;
      levels.add(attentions(weights, config, i, step, input.atStride(stride)));
    }
    return levels;
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
      Weights weights, StudentConfig config, int stage, int step, InputSize.Grid grid) {
    String name = PREFIX + "stage" + stage;
    int channels = config.channels().get(stage);
    List<Layer> layers = new ArrayList<>();
    layers.add(
        PatchMerging.of(
            weights,
            name + ".merge",
            config.channels().get(stage - 1),
            channels,
            step,
            config.norm()));
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
                  grid.height(),
                  grid.width())));
      layers.add(
          new ConvNorm(weights, block + ".local", Kernel.depthwise(channels, 3, 1), config.norm()));
      layers.add(
          new Residual(
              TokenMlp.of(weights, block + ".mlp", channels, grid.height(), grid.width())));
    }
    return new Sequence(layers);
  }
}
