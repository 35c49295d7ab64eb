package stillhouse.train;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import stillhouse.decoder.PromptDecoderConfig;
import stillhouse.decoder.PromptDecoders;
import stillhouse.decoder.PromptGrid;
import stillhouse.decoder.PromptKinds;
import stillhouse.decoder.PromptableDecoder;
import stillhouse.decoder.Upsampling;
import stillhouse.loss.Objective;
import stillhouse.loss.ObjectiveContext;
import stillhouse.student.Part;
import stillhouse.student.Student;
import stillhouse.student.Weights;

/** The tiny student with a tiny decoder of prompts, held against a teacher's and the labels. */
final class PromptedParts {
  private static final PromptDecoderConfig SIZES =
      new PromptDecoderConfig(8, 1, 2, 8, 2, 4, 8, 3, Upsampling.FOURFOLD, PromptKinds.ALL);
  private static final PromptDecoderConfig OF_POINTS =
      new PromptDecoderConfig(8, 1, 2, 8, 2, 4, 8, 3, Upsampling.TWOFOLD, PromptKinds.DENSE_POINTS);
  private static final PromptGrid GRID = new PromptGrid(8, 8, 1);
  private static final String RECIPE =
      """
      name: loop
      losses:
        prompt-teacher: {weight: 1.0, prompts: {objects: 3, minArea: 4, iterations: 1}}
        prompt-labels: {weight: 0.5, prompts: {objects: 2, minArea: 4, iterations: 2}}
      training:
        epochs: 3
        batch: 8
        optimizer: {type: adamw, learningRate: 0.02}
      alignment: {grid: 8}
      """;

  /** As {@code sam2-dense-point} has its second phase. */
  private static final String POINTS =
      """
      name: points
      losses:
        prompt-labels: {weight: 1.0, bce: 5, dice: 5, iou: 1, prompts: {minArea: 4, pointShare: 1}}
      training:
        epochs: 3
        batch: 8
        optimizer: {type: adamw, learningRate: 0.02}
      alignment: {grid: 8}
      """;

  private PromptedParts() {}

  static Recipe recipe(Path folder) {
    return recipe(folder, RECIPE);
  }

  /** Of any such file's text. */
  static Recipe recipe(Path folder, String yaml) {
    try {
      return Recipe.load(Files.writeString(folder.resolve("loop.yaml"), yaml));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The student's own decoder, its tensors among {@code weights}. */
  static PromptableDecoder decoder(Weights weights) {
    return PromptableDecoder.create(SIZES, GRID, Student.PREFIX, weights);
  }

  /**
   * A phase that trains all that there is but proposals.
   *
   * @param own the student's decoder
   * @param frozen where the teacher's decoder is made
   */
  static RankParts.Phase phase(
      Recipe recipe, Weights weights, PromptableDecoder own, Weights frozen) {
    var teachers = PromptableDecoder.create(SIZES, GRID, "teacher.", frozen);
    frozen.train(name -> false);
    var context =
        new ObjectiveContext(
            weights, 8, List.of(), 8, 8, null, new PromptDecoders(own, () -> teachers));
    return new RankParts.Phase(
        Part.ALL,
        tensor -> TinyStudent.part(tensor) != Part.PROPOSALS,
        Objective.phases(recipe, context).get(0).terms());
  }

  /** A phase that trains a decoder of points alone, by labels. */
  static RankParts.Phase points(Path folder, Weights weights) {
    var own = PromptableDecoder.create(OF_POINTS, GRID, Student.PREFIX, weights);
    var decoders = new PromptDecoders(own, () -> null);
    var context = new ObjectiveContext(weights, 8, List.of(), 8, 8, null, decoders);
    return new RankParts.Phase(
        Set.of(Part.PROMPTS),
        tensor -> TinyStudent.part(tensor) == Part.PROMPTS,
        Objective.phases(recipe(folder, POINTS), context).get(0).terms());
  }
}
