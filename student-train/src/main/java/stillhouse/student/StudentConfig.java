package stillhouse.student;

import com.fasterxml.jackson.annotation.JsonProperty;
import java.io.Serializable;
import java.nio.file.Path;
import java.util.List;
import stillhouse.conf.ConfigFile;
import stillhouse.identity.Fingerprint;
import stillhouse.identity.Sha256;

/**
 * A student of {@code conf/students/}.
 *
 * @param name how runs and exported files call it
 * @param channels of each stage: from stride 2 on for a conv-pyramid, from stride 4 on for the
 *     others
 * @param depths blocks of each stage
 * @param decoder channels in which the pyramid's maps are summed; 0 of a resnet-neck, which has
 *     none
 * @param embedding channels of the embedding
 * @param stride of the embedding: 4 of a pyramid's; of a resnet-neck 4, 8, 16 (unless said) or 32
 * @param heads attention heads of each stage that attends to windows: all of a Swin's, all but the
 *     first of a TinyViT's
 * @param windows sides of those windows
 * @param pretrained what the encoder starts from; null where it starts from random values
 * @param prompt of a decoder that takes prompts, beside the head of class logits; null: it has none
 */
public record StudentConfig(
    String name,
    Network network,
    Norm norm,
    List<Integer> channels,
    List<Integer> depths,
    Integer decoder,
    int embedding,
    Integer stride,
    List<Integer> heads,
    List<Integer> windows,
    Pretrained pretrained,
    PromptSettings prompt)
    implements Serializable {
  /** Families of networks. */
  public enum Network {
    @JsonProperty("conv-pyramid")
    CONV_PYRAMID,
    @JsonProperty("tinyvit")
    TINYVIT,
    @JsonProperty("tinyvit-neck")
    TINYVIT_NECK,
    @JsonProperty("repvit")
    REPVIT,
    @JsonProperty("resnet")
    RESNET,
    @JsonProperty("resnet-neck")
    RESNET_NECK,
    @JsonProperty("swin")
    SWIN;

    /** The first stage that attends to windows; past them all where none does. */
    private int firstAttentive(int stages) {
      return switch (this) {
        case CONV_PYRAMID, REPVIT, RESNET, RESNET_NECK -> stages;
        case TINYVIT, TINYVIT_NECK -> 1;
        case SWIN -> 0;
      };
    }
  }

  /** SAM's: a ViT of patches of 16 pixels. */
  private static final int NECK_STRIDE = 16;

  public StudentConfig {
    channels = List.copyOf(channels);
    depths = List.copyOf(depths);
    heads = heads == null ? List.of() : List.copyOf(heads);
    windows = windows == null ? List.of() : List.copyOf(windows);
    boolean necked = network == Network.RESNET_NECK || network == Network.TINYVIT_NECK;
    decoder = decoder == null ? (Integer) 0 : decoder;
    stride = stride == null ? (Integer) (necked ? NECK_STRIDE : PyramidStudent.STRIDE) : stride;
    requireLength(name, "depths", depths, channels.size());
    int first = network.firstAttentive(channels.size());
    int attentive = channels.size() - first;
    requireLength(name, "heads", heads, attentive);
    requireLength(name, "windows", windows, attentive);
    if (pretrained != null && PublishedNames.of(network).isEmpty()) {
      throw new IllegalArgumentException(
          "Invalid student " + name + ": nothing is published of its network; take pretrained out");
    }
    if (prompt != null && embedding % (prompt.heads() * 2) != 0) {
      throw new IllegalArgumentException(
          "Invalid student "
              + name
              + ": the embedding's "
              + embedding
              + " channels are no multiple of twice prompt.heads, "
              + prompt.heads());
    }
    for (int i = 0; i < attentive; i++) {
      if (channels.get(first + i) % heads.get(i) != 0) {
        throw new IllegalArgumentException(
            "Invalid student "
                + name
                + ": "
                + heads.get(i)
                + " heads do not divide the "
                + channels.get(first + i)
                + " channels of stage "
                + (first + i));
      }
    }
  }

  /** Of a pyramid. */
  public StudentConfig(
      String name,
      Network network,
      Norm norm,
      List<Integer> channels,
      List<Integer> depths,
      Integer decoder,
      int embedding,
      List<Integer> heads,
      List<Integer> windows,
      Pretrained pretrained) {
    this(
        name,
        network,
        norm,
        channels,
        depths,
        decoder,
        embedding,
        null,
        heads,
        windows,
        pretrained,
        null);
  }

  /** Reads a file of {@code conf/students/}. */
  public static StudentConfig load(Path file) {
    return ConfigFile.load(file, StudentConfig.class, "/schema/student.json");
  }

  /** Whether its decoder for prompts starts from its teacher's. */
  public boolean startsFromTeacher() {
    return prompt != null && prompt.start() == PromptSettings.Start.TEACHER;
  }

  /** Whether it proposes boxes of what is an object. */
  public boolean proposes() {
    return prompt != null && prompt.proposals() != null;
  }

  /** Identity of the network: all but its name and where its first weights lie. */
  public Sha256 digest() {
    Fingerprint fingerprint =
        Fingerprint.of("student")
            .add("network", network)
            .add("norm", norm)
            .add("channels", channels)
            .add("depths", depths)
            .add("decoder", decoder)
            .add("embedding", embedding)
            .add("heads", heads)
            .add("windows", windows);
    if (stride != PyramidStudent.STRIDE) { // the one there was before others were
      fingerprint.add("stride", stride);
    }
    if (prompt != null) {
      fingerprint.add("prompt", prompt.ofDecoder());
      if (prompt.proposals() != null) {
        fingerprint.add("proposals", prompt.proposals());
      }
    }
    if (pretrained != null) {
      fingerprint.add("pretrained", pretrained.sha256());
    }
    return fingerprint.digest();
  }

  private static void requireLength(String name, String key, List<Integer> values, int length) {
    if (values.size() != length) {
      throw new IllegalArgumentException(
          "Invalid student "
              + name
              + ": "
              + key
              + " "
              + values
              + " has "
              + values.size()
              + " entries, its stages need "
              + length);
    }
  }
}
