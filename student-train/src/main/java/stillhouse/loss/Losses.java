package stillhouse.loss;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonValue;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.Serializable;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeSet;

/**
 * The losses of a recipe by name, in the recipe's order.
 *
 * @param byName never empty, unmodifiable
 */
public record Losses(@JsonValue Map<String, LossSettings> byName) implements Serializable {
  private static final ObjectMapper JSON = new ObjectMapper();

  private static final Map<String, Class<? extends LossSettings>> KNOWN =
      Map.ofEntries(
          Map.entry("cosine", CosineAlignment.Settings.class),
          Map.entry("soft-bce", SoftBce.Settings.class),
          Map.entry("dice", DiceLoss.Settings.class),
          Map.entry("bce", BceLoss.Settings.class),
          Map.entry("cross-entropy", CrossEntropy.Settings.class),
          Map.entry("feature-consistency", FeatureConsistency.Settings.class),
          Map.entry("denoising-score", DenoisingScore.Settings.class),
          Map.entry("cwd", ChannelWise.Settings.class),
          Map.entry("cwd-embedding", ChannelWise.EmbeddingSettings.class),
          Map.entry("skd-pixel", PixelWise.Settings.class),
          Map.entry("skd-pair", PairWise.Settings.class),
          Map.entry("dkd", DecoupledKd.Settings.class),
          Map.entry("mgd", MaskedGeneration.Settings.class),
          Map.entry("review", KnowledgeReview.Settings.class),
          Map.entry("prompt-labels", PromptLabels.Settings.class),
          Map.entry("prompt-teacher", PromptTeacher.Settings.class),
          Map.entry("proposal-labels", ProposalLabels.Settings.class),
          Map.entry("embedding-mse", EmbeddingMse.Settings.class),
          Map.entry("perceptual", PerceptualLoss.Settings.class));

  public Losses {
    if (byName.isEmpty()) {
      throw new IllegalArgumentException("Invalid losses: none (name at least one)");
    }
    byName = Collections.unmodifiableMap(new LinkedHashMap<>(byName));
  }

  @JsonCreator(mode = JsonCreator.Mode.DELEGATING)
  static Losses read(Map<String, JsonNode> nodes) {
    Map<String, LossSettings> settings = new LinkedHashMap<>();
    nodes.forEach((name, node) -> settings.put(name, settings(name, node)));
    return new Losses(settings);
  }

  /** As {@link LossSettings#requireFiles}, of all. */
  public void requireFiles() {
    byName.values().forEach(LossSettings::requireFiles);
  }

  /** Whether two settings make the same loss, however it weighs. */
  static boolean makeTheSame(LossSettings one, LossSettings other) {
    return one.getClass() == other.getClass() && unweighted(one).equals(unweighted(other));
  }

  private static ObjectNode unweighted(LossSettings settings) {
    ObjectNode tree = JSON.valueToTree(settings);
    tree.remove("weight");
    return tree;
  }

  private static LossSettings settings(String name, JsonNode node) {
    Class<? extends LossSettings> type = KNOWN.get(name);
    if (type == null) {
      throw new IllegalArgumentException(
          "Invalid loss: " + name + " (must be one of " + new TreeSet<>(KNOWN.keySet()) + ")");
    }
    try {
      return JSON.treeToValue(node, type);
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException("Invalid losses." + name + ": " + e.getMessage(), e);
    }
  }
}
