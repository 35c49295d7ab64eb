package stillhouse.student;

import static stillhouse.student.Student.PREFIX;

import java.util.ArrayList;
import java.util.List;

/**
 * Swin's encoder (Liu et al., 2021) under the light top-down decoder: 4×4 patches, then stages of
 * window attention, every second block's windows shifted by half; between stages 2×2 cells become
 * one. Departures: no drop-path; the decoder's batch normalisation stands for the LayerNorm that
 * Swin's own dense heads put on each map.
 */
final class Swin {
  private final Weights weights;
  private final StudentConfig config;
  private final InputSize input;

  private Swin(StudentConfig config, InputSize input, Weights weights) {
    this.config = config;
    this.input = input;
    this.weights = weights;
  }

  static Student create(StudentConfig config, InputSize input, Weights weights) {
    Swin network = new Swin(config, input, weights);
    Layer stem = network.patches(PREFIX + "stem", config.channels().get(0));
    List<Layer> levels = new ArrayList<>();
    for (int i = 0; i < config.channels().size(); i++) {
      levels.add(network.stage(i));
    }
    TopDown decoder = TopDown.separable(weights, config, input, Nonlinearity.GELU);
    return new PyramidStudent(
        weights, input, config.embedding(), stem, levels, decoder, Nonlinearity.GELU);
  }

  private Layer patches(String name, int out) {
    int side = PyramidStudent.STRIDE;
    return new Patches(
        3,
        input.atStride(1),
        side,
        Patches.Order.CHANNELS_FIRST,
        out,
        Sequence.of(
            new Linear(weights, name + ".projection", 3 * side * side, out),
            new LayerNorm(weights, name + ".norm", out)));
  }

  /** Four cells to one of the new width. */
  private Layer merging(String name, int in, int out, InputSize.Grid finer) {
    return new Patches(
        in,
        finer,
        2,
        Patches.Order.COLUMNS_FIRST,
        out,
        Sequence.of(
            new LayerNorm(weights, name + ".norm", 4 * in),
            Linear.unbiased(weights, name + ".reduce", 4 * in, out)));
  }

  private Layer stage(int index) {
    String name = PREFIX + "stage" + index;
    int channels = config.channels().get(index);
    InputSize.Grid grid = input.atStride(PyramidStudent.STRIDE << index);
    List<Layer> layers = new ArrayList<>();
    if (index > 0) {
      int finer = config.channels().get(index - 1);
      InputSize.Grid before = input.atStride(PyramidStudent.STRIDE << (index - 1));
      layers.add(merging(name + ".merge", finer, channels, before));
    }
    for (int b = 0; b < config.depths().get(index); b++) {
      String block = name + ".block" + b;
      layers.add(
          new Residual(
              WindowAttention.swin(
                  weights,
                  block + ".attention",
                  channels,
                  config.heads().get(index),
                  config.windows().get(index),
                  grid,
                  b % 2 == 1)));
      layers.add(
          new Residual(
              TokenMlp.of(weights, block + ".mlp", channels, grid.height(), grid.width())));
    }
    return new Sequence(layers);
  }
}
