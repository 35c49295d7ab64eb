package stillhouse.student;

import static stillhouse.student.Student.PREFIX;

import java.util.ArrayList;
import java.util.List;

/**
 * ResNet's trunk (He et al., 2016) under a neck that gives what a ViT encoder of SAM's gives: one
 * map of {@code embedding} channels at {@code stride}, {@link NeckStudent}.
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
 */
final class ResNetNeck {
  /** Their parameters make the seed's 26.4 M of ResNet-50's 23.5. */
  private static final int SQUARES = 4;

  private static final int COARSEST = InputSize.MULTIPLE;

  private ResNetNeck() {}

  static Student create(StudentConfig config, InputSize input, Weights weights) {
    Layer stem = ResNet.stem(config, weights);
    List<Layer> levels = ResNet.levels(config, weights);
    Layer neck = neck(config, input, weights);
    return new NeckStudent(config, input, weights, stem, levels, neck, Nonlinearity.RELU);
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
}
