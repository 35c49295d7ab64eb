package stillhouse.decoder;

/**
 * Multiply–accumulates of one prompt (a FLOP count is twice that), an embedding being there. Sums,
 * normalisations and activations are not counted, nor are the cells' positions, which are the same
 * for every prompt.
 *
 * @param prompt points to tokens, and an earlier mask to the embedding's grid where there is a way
 *     in: SAM's export computes it without a mask too
 * @param transformer attentions and MLPs
 * @param upsampling of the embedding
 * @param masks products of mask tokens and upsampled cells
 * @param heads what makes those tokens' factors and the predicted IoU
 */
public record DecoderCost(long prompt, long transformer, long upsampling, long masks, long heads) {
  private static final int AREA = 4; // places that a doubling makes of one

  /**
   * @param points of the prompt, padding among them
   */
  public static DecoderCost of(PromptDecoderConfig config, PromptGrid grid, int points) {
    return new DecoderCost(
        prompt(config, grid, points),
        transformer(config, grid, points),
        upsampling(config, grid),
        masks(config, grid),
        heads(config));
  }

  public long total() {
    return prompt + transformer + upsampling + masks + heads;
  }

  private static long prompt(PromptDecoderConfig config, PromptGrid grid, long points) {
    long channels = config.channels();
    long labels = 1 + config.prompts().labels().size();
    long tokens = points * (channels + labels * (1 + channels));
    long mask = config.maskChannels();
    long first = mask / PromptDecoderConfig.FIRST_SHARE;
    long path = AREA * first * AREA + mask * first * AREA + channels * mask;
    return config.prompts().takesMask() ? tokens + grid.cells() * path : tokens;
  }

  private static long transformer(PromptDecoderConfig config, PromptGrid grid, long points) {
    long tokens = 1 + config.masks() + points;
    long cells = grid.cells();
    long inner = config.channels() / config.downsample();
    long block =
        attention(config, tokens, tokens, config.channels())
            + attention(config, tokens, cells, inner)
            + attention(config, cells, tokens, inner)
            + 2 * tokens * config.channels() * config.mlp();
    return config.depth() * block + attention(config, tokens, cells, inner);
  }

  /** Four linear layers, the scores and the sums by them. */
  private static long attention(PromptDecoderConfig config, long queries, long keys, long inner) {
    long linear = 2 * (queries + keys) * config.channels() * inner;
    return linear + 2 * queries * keys * inner;
  }

  private static long upsampling(PromptDecoderConfig config, PromptGrid grid) {
    long features = config.maskFeatures();
    long cells = grid.cells();
    return switch (config.upsampling()) {
      case FOURFOLD ->
          cells * config.channels() * 2 * features * AREA
              + AREA * cells * 2 * features * features * AREA;
      case TWOFOLD -> cells * config.channels() * features * AREA;
    };
  }

  private static long masks(PromptDecoderConfig config, PromptGrid grid) {
    long factor = config.upsampling().factor();
    return config.masks() * config.maskFeatures() * factor * factor * grid.cells();
  }

  private static long heads(PromptDecoderConfig config) {
    long channels = config.channels();
    long hidden = config.headChannels();
    long factors = 2 * channels * channels + channels * config.maskFeatures();
    return config.masks() * factors + channels * hidden + hidden * hidden + hidden * config.masks();
  }
}
