package stillhouse.student;

/**
 * TinyViT's convolution block: widen 1×1, depthwise 3×3, narrow 1×1, added to the input, then GELU.
 * Source: TinyViT (Wu et al., 2022), class MBConv. Departure: the last normalisation starts at
 * {@link ConvNorm#BRANCH_GAIN}, not 0, so that the branch learns from the first step.
 */
final class MbConv {
  private static final int EXPANSION = 4; // the published ratio

  private MbConv() {}

  static Layer of(Weights weights, String name, int channels, Norm norm) {
    int wide = channels * EXPANSION;
    Sequence branch =
        Sequence.of(
            new ConvNorm(weights, name + ".widen", Kernel.of(channels, wide, 1), norm),
            Nonlinearity.GELU,
            new ConvNorm(weights, name + ".depthwise", Kernel.depthwise(wide, 3, 1), norm),
            Nonlinearity.GELU,
            new ConvNorm(
                weights,
                name + ".narrow",
                Kernel.of(wide, channels, 1),
                norm,
                ConvNorm.BRANCH_GAIN));
    return Sequence.of(new Residual(branch), Nonlinearity.GELU);
  }
}
