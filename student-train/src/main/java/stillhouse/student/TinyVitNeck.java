package stillhouse.student;

import static stillhouse.student.Student.PREFIX;

import java.util.List;

/**
 * TinyViT's stages under SAM's neck: MobileSAM's encoder, {@link NeckStudent}.
 *
 * <pre>
 *   stages at strides 4, 8, 16, 16 → 1×1 to embedding → norm → 3×3 → norm → embedding
 * </pre>
 *
 * with normalisations over the channels of each cell and no bias in either convolution. The last
 * stage keeps the grid of the one before, so that an image of 1024×1024 has SAM's 64×64 cells.
 *
 * <p>Source: MobileSAM (Zhang et al., 2023) and its published code; SAM's class ImageEncoderViT for
 * the neck. Departure: no drop-path, as {@link TinyVit}.
 */
final class TinyVitNeck {
  private TinyVitNeck() {}

  static Student create(StudentConfig config, InputSize input, Weights weights) {
    List<Integer> channels = config.channels();
    Layer stem = TinyVit.stem(weights, channels.get(0), config.norm());
    List<Layer> levels = TinyVit.levels(config, input, weights, config.stride());
    int deepest = channels.get(channels.size() - 1);
    int out = config.embedding();
    Layer neck =
        Sequence.of(
            Convolution.unbiased(weights, PREFIX + "neck0", Kernel.of(deepest, out, 1)),
            new ChannelNorm(weights, PREFIX + "neck1", out),
            Convolution.unbiased(weights, PREFIX + "neck2", Kernel.of(out, out, 3)),
            new ChannelNorm(weights, PREFIX + "neck3", out));
    return new NeckStudent(config, input, weights, stem, levels, neck, Nonlinearity.GELU);
  }
}
