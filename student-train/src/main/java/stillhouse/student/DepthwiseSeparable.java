package stillhouse.student;

/** A depthwise 3×3 and a pointwise convolution, each normalised, the activation between them. */
final class DepthwiseSeparable {
  private DepthwiseSeparable() {}

  static Layer of(
      Weights weights, String name, int in, int out, Norm norm, Nonlinearity activation) {
    return Sequence.of(
        new ConvNorm(weights, name + ".depthwise", Kernel.depthwise(in, 3, 1), norm),
        activation,
        new ConvNorm(weights, name + ".pointwise", Kernel.of(in, out, 1), norm));
  }
}
