package stillhouse.student;

/**
 * Halves the grid between TinyViT's stages: 1×1 to the new width, depthwise 3×3 with stride 2, 1×1.
 * Source: TinyViT (Wu et al., 2022), class PatchMerging.
 */
final class PatchMerging {
  private PatchMerging() {}

  static Layer of(Weights weights, String name, int in, int out, Norm norm) {
    return Sequence.of(
        new ConvNorm(weights, name + ".widen", Kernel.of(in, out, 1), norm),
        Nonlinearity.GELU,
        new ConvNorm(weights, name + ".depthwise", Kernel.depthwise(out, 3, 2), norm),
        Nonlinearity.GELU,
        new ConvNorm(weights, name + ".mix", Kernel.of(out, out, 1), norm));
  }
}
