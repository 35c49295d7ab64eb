package stillhouse.student;

import static stillhouse.student.Student.PREFIX;

import java.util.ArrayList;
import java.util.List;

/**
 * The plain convolutional student: every stage halves the grid with a 3×3 convolution and refines
 * it in residual 3×3 blocks, ReLU throughout. Dense kernels and one activation quantise well and
 * run fast wherever a convolution does.
 */
final class ConvPyramid {
  private ConvPyramid() {}

  static Student create(StudentConfig config, InputSize input, Weights weights) {
    List<Layer> stages = new ArrayList<>();
    int in = 3;
    for (int i = 0; i < config.channels().size(); i++) {
      int out = config.channels().get(i);
      stages.add(
          stage(weights, PREFIX + "stage" + i, in, out, config.depths().get(i), config.norm()));
      in = out;
    }
    List<Integer> levels = config.channels().subList(1, config.channels().size());
    TopDown decoder = TopDown.dense(weights, config, levels, input, Nonlinearity.RELU);
    return new PyramidStudent(
        weights,
        input,
        config.embedding(),
        stages.get(0),
        stages.subList(1, stages.size()),
        decoder,
        Nonlinearity.RELU);
  }

  private static Layer stage(Weights weights, String name, int in, int out, int depth, Norm norm) {
    List<Layer> layers = new ArrayList<>();
    layers.add(new ConvNorm(weights, name + ".down", Kernel.strided(in, out, 3, 2), norm));
    layers.add(Nonlinearity.RELU);
    for (int i = 0; i < depth; i++) {
      Kernel kernel = Kernel.of(out, out, 3);
      layers.add(
          new Residual(
              new ConvNorm(weights, name + ".block" + i, kernel, norm, ConvNorm.BRANCH_GAIN)));
      layers.add(Nonlinearity.RELU);
    }
    return new Sequence(layers);
  }
}
