package stillhouse.student;

import static stillhouse.student.Student.PREFIX;

import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * What a network's tensors are called in files of published weights: timm's names (version 1.0.15;
 * torchvision has the same for ResNet), or MobileSAM's for a TinyViT under SAM's neck. Only an
 * encoder has such names: decoders are ours.
 */
final class PublishedNames {
  private static final Pattern TRUNK = Pattern.compile("(stem|stage)\\d*\\..*");
  private static final String OF_SAM = "image_encoder.";
  private static final List<Rule> BATCH_NORM =
      List.of(
          new Rule("\\.norm\\.gamma$", ".bn.weight"),
          new Rule("\\.norm\\.beta$", ".bn.bias"),
          new Rule("\\.norm\\.mean$", ".bn.running_mean"),
          new Rule("\\.norm\\.variance$", ".bn.running_var"));

  /** Of timm's file and MobileSAM's, which differ in what stands before and around blocks. */
  private static final List<Rule> TINY_VIT_BLOCKS =
      Stream.concat(
              Stream.of(
                  new Rule("\\.attention\\.biases$", ".attn.attention_biases"),
                  new Rule("\\.attention\\.projection\\.", ".attn.proj."),
                  new Rule("\\.attention\\.", ".attn."),
                  new Rule("\\.local\\.", ".local_conv."),
                  new Rule("\\.mlp\\.widen\\.", ".mlp.fc1."),
                  new Rule("\\.mlp\\.narrow\\.", ".mlp.fc2."),
                  new Rule("\\.(attn|mlp)\\.norm\\.gamma$", ".$1.norm.weight"),
                  new Rule("\\.(attn|mlp)\\.norm\\.beta$", ".$1.norm.bias"),
                  new Rule("\\.widen\\.", ".conv1."),
                  new Rule("\\.depthwise\\.", ".conv2."),
                  new Rule("\\.(narrow|mix)\\.", ".conv3.")),
              BATCH_NORM.stream())
          .toList();

  private static final PublishedNames TINY_VIT =
      new PublishedNames(
          "head\\..*|.*num_batches_tracked|.*attention_bias_idxs",
          Conversion.DISTANCES,
          TINY_VIT_BLOCKS,
          new Rule("^stem0", "patch_embed.conv1"),
          new Rule("^stem1", "patch_embed.conv2"),
          new Rule("^stage(\\d)\\.block", "stages.$1.blocks."),
          new Rule("^stage(\\d)\\.merge", "stages.$1.downsample"));

  /**
   * The names of MobileSAM's published file, neck and all; prompt encoder and mask decoder go into
   * a student's own by its {@code start: teacher}.
   */
  private static final PublishedNames MOBILE_SAM =
      new PublishedNames(
          "image_encoder\\.(norm_)?head\\..*|(prompt_encoder|mask_decoder)\\..*|.*num_batches_tracked",
          Pattern.compile("(stem|stage|neck)\\d*\\..*"),
          Conversion.DISTANCES,
          TINY_VIT_BLOCKS,
          new Rule("^stem0", "patch_embed.seq.0"),
          new Rule("^stem1", "patch_embed.seq.2"),
          new Rule("^stage1\\.merge", "layers.0.downsample"), // of the stage before
          new Rule("^stage2\\.merge", "layers.1.downsample"),
          new Rule("^stage3\\.merge", "layers.2.downsample"),
          new Rule("^stage(\\d)\\.block", "layers.$1.blocks."),
          new Rule("^neck(\\d)\\.", "neck.$1."),
          new Rule("\\.conv\\.weight$", ".c.weight"),
          new Rule("^(neck\\.\\d)\\.gamma$", "$1.weight"),
          new Rule("^(neck\\.\\d)\\.beta$", "$1.bias"),
          new Rule("^", OF_SAM));

  private static final PublishedNames REP_VIT =
      new PublishedNames(
          "head\\..*|.*num_batches_tracked",
          Conversion.SAME,
          BATCH_NORM,
          new Rule("^stem0", "stem.conv1"),
          new Rule("^stem1", "stem.conv2"),
          new Rule("^stage(\\d)\\.block", "stages.$1.blocks."),
          new Rule("^stage(\\d)\\.merge\\.mixer", "stages.$1.downsample.pre_block.mixer"),
          new Rule("^stage(\\d)\\.merge\\.before", "stages.$1.downsample.pre_block.mlp"),
          new Rule("^stage(\\d)\\.merge\\.after", "stages.$1.downsample.ffn"),
          new Rule("^stage(\\d)\\.merge\\.depthwise", "stages.$1.downsample.spatial_downsample"),
          new Rule("^stage(\\d)\\.merge\\.widen", "stages.$1.downsample.channel_downsample"),
          new Rule("\\.mixer\\.square", ".token_mixer.conv"),
          new Rule("\\.mixer\\.point", ".token_mixer.conv1"),
          new Rule("\\.mixer\\.", ".token_mixer."),
          new Rule("\\.excite\\.narrow\\.", ".se.fc1."),
          new Rule("\\.excite\\.widen\\.", ".se.fc2."),
          new Rule("\\.(mlp|ffn)\\.widen\\.", ".$1.conv1."),
          new Rule("\\.(mlp|ffn)\\.narrow\\.", ".$1.conv2."),
          new Rule("\\.mlp\\.", ".channel_mixer."),
          new Rule("\\.conv\\.weight$", ".c.weight"));

  private static final PublishedNames RES_NET =
      new PublishedNames(
          "fc\\..*|.*num_batches_tracked",
          Conversion.SAME,
          BATCH_NORM,
          new Rule("^stem\\.conv\\.", "conv1."),
          new Rule("^stem\\.norm\\.", "bn1.norm."),
          new Rule("^stage0\\.block", "layer1."),
          new Rule("^stage1\\.block", "layer2."),
          new Rule("^stage2\\.block", "layer3."),
          new Rule("^stage3\\.block", "layer4."),
          new Rule("\\.narrow\\.", ".1."),
          new Rule("\\.square\\.", ".2."),
          new Rule("\\.widen\\.", ".3."),
          new Rule("\\.([123])\\.conv\\.weight$", ".conv$1.weight"),
          new Rule("\\.([123])\\.norm\\.(\\w+)$", ".bn$1.norm.$2"),
          new Rule("\\.shortcut\\.conv\\.", ".downsample.0."),
          new Rule("\\.shortcut\\.norm\\.", ".downsample.1.norm."),
          new Rule("\\.norm\\.gamma$", ".weight"),
          new Rule("\\.norm\\.beta$", ".bias"),
          new Rule("\\.norm\\.mean$", ".running_mean"),
          new Rule("\\.norm\\.variance$", ".running_var"));

  private static final PublishedNames SWIN =
      new PublishedNames(
          "head\\..*|norm\\..*|.*relative_position_index|.*attn_mask",
          Conversion.OFFSETS,
          List.of(),
          new Rule("^stem\\.projection\\.", "patch_embed.proj."),
          new Rule("^stem\\.norm\\.", "patch_embed.norm."),
          new Rule("^stage(\\d)\\.block", "layers.$1.blocks."),
          new Rule("^stage(\\d)\\.merge", "layers.$1.downsample"),
          new Rule("\\.reduce\\.", ".reduction."),
          new Rule("\\.attention\\.norm\\.", ".norm1."),
          new Rule("\\.mlp\\.norm\\.", ".norm2."),
          new Rule("\\.attention\\.biases$", ".attn.relative_position_bias_table"),
          new Rule("\\.attention\\.projection\\.", ".attn.proj."),
          new Rule("\\.attention\\.", ".attn."),
          new Rule("\\.mlp\\.widen\\.", ".mlp.fc1."),
          new Rule("\\.mlp\\.narrow\\.", ".mlp.fc2."),
          new Rule("\\.gamma$", ".weight"),
          new Rule("\\.beta$", ".bias"));

  private record Rule(Pattern pattern, String replacement) {
    Rule(String pattern, String replacement) {
      this(Pattern.compile(pattern), replacement);
    }

    String apply(String name) {
      return pattern.matcher(name).replaceFirst(replacement);
    }
  }

  private final Predicate<String> leftOut;
  private final Predicate<String> encoder;
  private final Conversion biases;
  private final List<Rule> common;
  private final List<Rule> rules;

  /**
   * @param leftOut a pattern of names that have no place in a student
   * @param biases how the network's attention biases are kept
   */
  private PublishedNames(String leftOut, Conversion biases, List<Rule> common, Rule... rules) {
    this(leftOut, TRUNK, biases, common, rules);
  }

  /**
   * @param encoder the student's tensors that files have
   */
  private PublishedNames(
      String leftOut, Pattern encoder, Conversion biases, List<Rule> common, Rule... rules) {
    this.encoder = encoder.asMatchPredicate();
    this.biases = biases;
    this.leftOut = Pattern.compile(leftOut).asMatchPredicate();
    this.common = common;
    this.rules = List.of(rules);
  }

  /** Empty where nothing is published of a network. */
  static Optional<PublishedNames> of(StudentConfig.Network network) {
    return switch (network) {
      case CONV_PYRAMID -> Optional.empty();
      case TINYVIT, TINYVIT_NECK -> Optional.of(TINY_VIT);
      case REPVIT -> Optional.of(REP_VIT);
      case RESNET, RESNET_NECK -> Optional.of(RES_NET);
      case SWIN -> Optional.of(SWIN);
    };
  }

  /**
   * Those of a file: MobileSAM's where it has an image encoder of SAM's and the network its neck.
   *
   * @param tensors the file's
   */
  static PublishedNames of(StudentConfig.Network network, Set<String> tensors) {
    boolean whole = tensors.stream().anyMatch(name -> name.startsWith(OF_SAM));
    return whole && network == StudentConfig.Network.TINYVIT_NECK
        ? MOBILE_SAM
        : of(network).orElseThrow();
  }

  /**
   * The published name of a tensor of the student; empty where it is none of the encoder's.
   *
   * @param name with its {@link Student#PREFIX}
   */
  Optional<String> of(String name) {
    String own = name.substring(PREFIX.length());
    if (!encoder.test(own)) {
      return Optional.empty();
    }
    String published = own;
    for (Rule rule : rules) {
      published = rule.apply(published);
    }
    for (Rule rule : common) {
      published = rule.apply(published);
    }
    return Optional.of(published);
  }

  /** How a tensor of the student is made of the file's. */
  Conversion conversion(String name) {
    if (name.endsWith(".biases")) {
      return biases;
    }
    return name.equals(PREFIX + "stem.projection.weight") ? Conversion.KERNEL : Conversion.SAME;
  }

  /** Whether a tensor of a file is known to have no place here: classifiers, counters, indices. */
  boolean leavesOut(String published) {
    return leftOut.test(published);
  }
}
