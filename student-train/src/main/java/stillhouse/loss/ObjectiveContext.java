package stillhouse.loss;

import java.util.List;
import stillhouse.cache.Projection;
import stillhouse.decoder.PromptDecoders;
import stillhouse.student.Weights;

/**
 * What an objective is made for.
 *
 * @param weights where learnable parts of losses are made, under {@code loss.}
 * @param studentChannels of the student's embedding
 * @param levelChannels of the maps of the student's encoder, finest first; they may be none
 * @param teacherChannels of the cached layer
 * @param grid cells along one side of the cached layer as the batches bring it
 * @param projection the layer's channel mean and principal directions; null where no loss of the
 *     recipe projects
 * @param decoders that prompts are put to
 */
public record ObjectiveContext(
    Weights weights,
    int studentChannels,
    List<Integer> levelChannels,
    int teacherChannels,
    int grid,
    Projection projection,
    PromptDecoders decoders) {
  public ObjectiveContext {
    levelChannels = List.copyOf(levelChannels);
  }

  /**
   * The cached projection.
   *
   * @throws IllegalArgumentException where there is none, or one of another layer
   */
  Projection requireProjection() {
    if (projection == null || projection.channels() != teacherChannels) {
      throw new IllegalArgumentException(
          "Invalid projection: "
              + (projection == null ? "none" : "fitted on " + projection.channels() + " channels")
              + ", the teacher's layer has "
              + teacherChannels
              + ". Derive the training view with a projection of that layer.");
    }
    return projection;
  }

  /** For a student that takes no prompts. */
  public ObjectiveContext(
      Weights weights,
      int studentChannels,
      List<Integer> levelChannels,
      int teacherChannels,
      int grid,
      Projection projection) {
    this(
        weights,
        studentChannels,
        levelChannels,
        teacherChannels,
        grid,
        projection,
        PromptDecoders.NONE);
  }

  /** For one whose encoder shows no maps of its own, either. */
  ObjectiveContext(
      Weights weights, int studentChannels, int teacherChannels, int grid, Projection projection) {
    this(weights, studentChannels, List.of(), teacherChannels, grid, projection);
  }
}
