package stillhouse.student;

import static stillhouse.student.Student.PREFIX;

import java.util.ArrayList;
import java.util.List;

/**
 * ResNet's trunk (He et al., 2016) of {@link Bottleneck} blocks under a feature pyramid ({@link
 * TopDown}) whose sum one 3×3 convolution smooths: a 7×7 of stride 2, a max pool, then a stage at
 * each of the strides 4, 8, 16, 32. Departures: see {@link TopDown} and {@link Bottleneck}.
 */
final class ResNet {
  private ResNet() {}

  static Student create(StudentConfig config, InputSize input, Weights weights) {
    List<Layer> levels = levels(config, weights);
    Layer stem = stem(config, weights);
    TopDown decoder = TopDown.dense(weights, config, config.channels(), input, Nonlinearity.RELU);
    return new PyramidStudent(
        weights, input, config.embedding(), stem, levels, decoder, Nonlinearity.RELU);
  }

  /** From the image to the first stage's input, at stride 4. */
  static Layer stem(StudentConfig config, Weights weights) {
    int width = width(config);
    return Sequence.of(
        new ConvNorm(weights, PREFIX + "stem", Kernel.strided(3, width, 7, 2), config.norm()),
        Nonlinearity.RELU,
        MaxPool.HALVING);
  }

  /** The stages, at the strides 4, 8, … */
  static List<Layer> levels(StudentConfig config, Weights weights) {
    List<Layer> levels = new ArrayList<>();
    int in = width(config);
    for (int i = 0; i < config.channels().size(); i++) {
      levels.add(stage(config, i, in, weights));
      in = config.channels().get(i);
    }
    return levels;
  }

  private static int width(StudentConfig config) {
    return config.channels().get(0) / Bottleneck.EXPANSION;
  }

  private static Layer stage(StudentConfig config, int index, int in, Weights weights) {
    int out = config.channels().get(index);
    List<Layer> blocks = new ArrayList<>();
    for (int b = 0; b < config.depths().get(index); b++) {
      boolean first = b == 0;
      blocks.add(
          new Bottleneck(
              weights,
              PREFIX + "stage" + index + ".block" + b,
              first ? in : out,
              out,
              first && index > 0 ? 2 : 1,
              config.norm()));
    }
    return new Sequence(blocks);
  }
}
