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
        FeatureConsistency.Settings,
        KnowledgeReview.Settings,
        MaskedGeneration.Settings,
        PairWise.Settings,
        PixelWise.Settings,
        SoftBce.Settings {
  /** The loss's factor in the objective, > 0. */
  double weight();

  Set<Need> needs();

  /** Makes the loss, and in the assembly's weights whatever it learns. */
  Loss create(Assembly assembly);
}
