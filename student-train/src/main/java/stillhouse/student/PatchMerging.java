package stillhouse.student;

/**
 * Between TinyViT's stages: 1×1 to the new width, depthwise 3×3 that halves the grid, 1×1. Source:
 * TinyViT (Wu et al., 2022), class PatchMerging.
 */
final class PatchMerging {
  private PatchMerging() {}

  /**
   * @param step the depthwise convolution's stride: 2, or 1 where the grid stays
   */
  static Layer of(Weights weights, String name, int in, int out, int step, Norm norm) {
    return Sequence.of(
        new ConvNorm(weights, name + ".widen", Kernel.of(in, out, 1), norm),
        Nonlinearity.GELU,
        new ConvNorm(weights, name + ".depthwise", Kernel.depthwise(out, 3, step), norm),
        Nonlinearity.GELU,
        new ConvNorm(weights, name + ".mix", Kernel.of(out, out, 1), norm));
  }
}
