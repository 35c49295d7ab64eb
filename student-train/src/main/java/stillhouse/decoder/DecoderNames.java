package stillhouse.decoder;

import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;

/** What a decoder's tensors are called in files of published weights. */
enum DecoderNames {
  /** SAM's own, and those of what follows it (MobileSAM, MedSAM). */
  SAM,
  /** Those of the package transformers, class SamModel. */
  TRANSFORMERS(
      new Rule(
          "^prompt_encoder\\.pe_layer\\.positional_encoding_gaussian_matrix$",
          "shared_image_embedding.positional_embedding"),
      new Rule("\\.point_embeddings\\.", ".point_embed."),
      new Rule("\\.mask_downscaling\\.0\\.", ".mask_embed.conv1."),
      new Rule("\\.mask_downscaling\\.1\\.", ".mask_embed.layer_norm1."),
      new Rule("\\.mask_downscaling\\.3\\.", ".mask_embed.conv2."),
      new Rule("\\.mask_downscaling\\.4\\.", ".mask_embed.layer_norm2."),
      new Rule("\\.mask_downscaling\\.6\\.", ".mask_embed.conv3."),
      new Rule("\\.output_upscaling\\.0\\.", ".upscale_conv1."),
      new Rule("\\.output_upscaling\\.1\\.", ".upscale_layer_norm."),
      new Rule("\\.output_upscaling\\.3\\.", ".upscale_conv2."),
      new Rule("(mlps\\.\\d+|_head)\\.layers\\.0\\.", "$1.proj_in."),
      new Rule("(mlps\\.\\d+|_head)\\.layers\\.1\\.", "$1.layers.0."),
      new Rule("(mlps\\.\\d+|_head)\\.layers\\.2\\.", "$1.proj_out."),
      new Rule("\\.norm([1-4])\\.", ".layer_norm$1."),
      new Rule("\\.norm_final_attn\\.", ".layer_norm_final_attn."));

  private static final String POSITIONS = "shared_image_embedding.positional_embedding";
  private static final String POSITIONS_AGAIN =
      "prompt_encoder.shared_embedding.positional_embedding";

  private record Rule(Pattern pattern, String replacement) {
    Rule(String pattern, String replacement) {
      this(Pattern.compile(pattern), replacement);
    }
  }

  private final List<Rule> rules;

  DecoderNames(Rule... rules) {
    this.rules = List.of(rules);
  }

  /** Which of them a file has. */
  static DecoderNames of(Set<String> tensors) {
    return tensors.contains(POSITIONS) ? TRANSFORMERS : SAM;
  }

  /**
   * @param own a tensor of the decoder, without its prefix
   */
  String published(String own) {
    String name = own.replaceFirst("\\.gamma$", ".weight").replaceFirst("\\.beta$", ".bias");
    for (Rule rule : rules) {
      name = rule.pattern.matcher(name).replaceFirst(rule.replacement);
    }
    return name;
  }

  /** Whether a tensor of a file is of a whole SAM, and not of its decoder. */
  static boolean ofOthers(String published) {
    return !published.startsWith("mask_decoder.") && !published.startsWith("prompt_encoder.")
        || published.equals(POSITIONS_AGAIN);
  }
}
