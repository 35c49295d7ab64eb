package stillhouse.loss;

import java.util.Set;

/** The parameters of one loss in a recipe; each loss declares its own. */
public sealed interface LossSettings
    permits BceLoss.Settings,
        ChannelWise.EmbeddingSettings,
        ChannelWise.Settings,
        CosineAlignment.Settings,
        CrossEntropy.Settings,
        DecoupledKd.Settings,
        DenoisingScore.Settings,
        DiceLoss.Settings,
        EmbeddingMse.Settings,
        FeatureConsistency.Settings,
        KnowledgeReview.Settings,
        MaskedGeneration.Settings,
        PairWise.Settings,
        PerceptualLoss.Settings,
        PixelWise.Settings,
        PromptLabels.Settings,
        PromptTeacher.Settings,
        ProposalLabels.Settings,
        SoftBce.Settings {
  /** The loss's factor in the objective, > 0. */
  double weight();

  Set<Need> needs();

  /**
   * Whether it looks at what a decoder makes of the embedding, logits or masks for prompts; all
   * others look at the embedding or at the encoder's maps. Labels and the teacher's logits are of
   * pixels and classes, as the student's logits alone are.
   */
  default boolean readsLogits() {
    return needs().contains(Need.LABELS) || needs().contains(Need.TEACHER_LOGITS);
  }

  /** Whether it looks at a student's masks for prompts, and not at its class logits. */
  default boolean readsPrompts() {
    return false;
  }

  /** Whether it looks at the boxes that a student proposes; it moves nothing else then. */
  default boolean readsProposals() {
    return false;
  }

  /**
   * Refuses, before anything is trained, files that it reads and that are not there or do not fit.
   *
   * @throws stillhouse.conf.ConfigException naming file, problem and remedy
   */
  default void requireFiles() {}

  /** Makes the loss, and in the assembly's weights whatever it learns. */
  Loss create(Assembly assembly);
}
