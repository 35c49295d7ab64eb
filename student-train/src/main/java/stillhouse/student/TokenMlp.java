package stillhouse.student;

/**
 * LayerNorm, widen, GELU, narrow at each position of [B, C, height, width]. Source: TinyViT (Wu et
 * al., 2022), class Mlp; Swin's is the same.
 */
final class TokenMlp {
  private static final int EXPANSION = 4; // the published ratio

  private TokenMlp() {}

  static Layer of(Weights weights, String name, int channels, int height, int width) {
    return new Tokens(
        channels,
        height,
        width,
        Sequence.of(
            new LayerNorm(weights, name + ".norm", channels),
            new Linear(weights, name + ".widen", channels, channels * EXPANSION),
            Nonlinearity.GELU,
            new Linear(weights, name + ".narrow", channels * EXPANSION, channels)));
  }
}
