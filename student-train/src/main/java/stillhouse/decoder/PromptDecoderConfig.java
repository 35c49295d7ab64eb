package stillhouse.decoder;

import java.io.Serializable;
import stillhouse.student.PromptSettings;

/**
 * The sizes of a prompt encoder and mask decoder.
 *
 * @param channels C of embeddings and tokens
 * @param depth blocks of the two-way transformer
 * @param heads of each attention
 * @param mlp channels within a block's MLP
 * @param downsample cross attention takes place in channels / downsample
 * @param maskChannels of an earlier mask on its way to the embedding's grid
 * @param headChannels within the head that predicts IoU
 * @param alternatives masks for an ambiguous prompt, beside the one for an unambiguous one
 * @param frequencies deviation of the random frequencies by which places are told
 */
public record PromptDecoderConfig(
    int channels,
    int depth,
    int heads,
    int mlp,
    int downsample,
    int maskChannels,
    int headChannels,
    int alternatives,
    Upsampling upsampling,
    PromptKinds prompts,
    double frequencies)
    implements Serializable {
  // Mask features have an eighth of the channels, mask convolutions start with a quarter: SAM's.
  static final int MASK_SHARE = 8;
  static final int FIRST_SHARE = 4;

  public PromptDecoderConfig {
    requireMultiple("channels", channels, MASK_SHARE);
    requireMultiple("channels", channels, heads * downsample);
    requireMultiple("maskChannels", maskChannels, FIRST_SHARE);
    if (!(frequencies > 0)) {
      throw new IllegalArgumentException(
          "Invalid prompt decoder: frequencies %s (must be > 0)".formatted(frequencies));
    }
    if (depth < 1 || mlp < 1 || headChannels < 1 || alternatives < 1) {
      throw new IllegalArgumentException(
          "Invalid prompt decoder: depth %d, mlp %d, headChannels %d, alternatives %d (all must be at least 1)"
              .formatted(depth, mlp, headChannels, alternatives));
    }
  }

  /** With SAM's frequencies. */
  public PromptDecoderConfig(
      int channels,
      int depth,
      int heads,
      int mlp,
      int downsample,
      int maskChannels,
      int headChannels,
      int alternatives,
      Upsampling upsampling,
      PromptKinds prompts) {
    this(
        channels,
        depth,
        heads,
        mlp,
        downsample,
        maskChannels,
        headChannels,
        alternatives,
        upsampling,
        prompts,
        1);
  }

  /** SAM's: 4,064,560 parameters. Source: Kirillov et al., 2023, and its published code. */
  public static PromptDecoderConfig sam() {
    return new PromptDecoderConfig(
        256, 2, 8, 2048, 2, 16, 256, 3, Upsampling.FOURFOLD, PromptKinds.ALL);
  }

  /** A student's: what its YAML says, and SAM's sizes for the rest. */
  public static PromptDecoderConfig of(PromptSettings settings, int channels) {
    PromptDecoderConfig sam = sam();
    return new PromptDecoderConfig(
        channels,
        settings.depth(),
        settings.heads(),
        settings.mlp(),
        sam.downsample,
        sam.maskChannels,
        channels,
        sam.alternatives,
        settings.doublings() == 1 ? Upsampling.TWOFOLD : Upsampling.FOURFOLD,
        settings.densePoints() ? PromptKinds.DENSE_POINTS : PromptKinds.ALL,
        settings.frequencies());
  }

  public PromptDecoderConfig with(Upsampling other) {
    return new PromptDecoderConfig(
        channels,
        depth,
        heads,
        mlp,
        downsample,
        maskChannels,
        headChannels,
        alternatives,
        other,
        prompts,
        frequencies);
  }

  public PromptDecoderConfig with(PromptKinds other) {
    return new PromptDecoderConfig(
        channels,
        depth,
        heads,
        mlp,
        downsample,
        maskChannels,
        headChannels,
        alternatives,
        upsampling,
        other,
        frequencies);
  }

  /** Masks of one answer: the one for an unambiguous prompt, then the alternatives. */
  public int masks() {
    return alternatives + 1;
  }

  /** Channels in which masks are products of a token and a cell. */
  int maskFeatures() {
    return channels / MASK_SHARE;
  }

  private static void requireMultiple(String key, int value, int of) {
    if (of < 1 || value < 1 || value % of != 0) {
      throw new IllegalArgumentException(
          "Invalid prompt decoder: %s %d (must be a multiple of %d)".formatted(key, value, of));
    }
  }
}
