package stillhouse.student;

/** Makes students. */
public final class Students {
  private Students() {}

  /**
   * Makes the network of {@code config} with fresh tensors in {@code weights}, all named {@link
   * Student#PREFIX}…. Tensors do not depend on the input's size, so weights trained at one size fit
   * another.
   *
   * @param classes foreground classes
   * @param height of the input, a multiple of 32
   * @param width of the input, a multiple of 32
   */
  public static Student create(
      StudentConfig config, int classes, int height, int width, Weights weights) {
    InputSize input = new InputSize(height, width, classes);
    return switch (config.network()) {
      case CONV_PYRAMID -> ConvPyramid.create(config, input, weights);
      case TINYVIT -> TinyVit.create(config, input, weights);
      case TINYVIT_NECK -> TinyVitNeck.create(config, input, weights);
      case REPVIT -> RepVit.create(config, input, weights);
      case RESNET -> ResNet.create(config, input, weights);
      case RESNET_NECK -> ResNetNeck.create(config, input, weights);
      case SWIN -> Swin.create(config, input, weights);
    };
  }
}
