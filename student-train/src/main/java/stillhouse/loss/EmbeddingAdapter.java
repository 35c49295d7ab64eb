package stillhouse.loss;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import java.util.Optional;
import stillhouse.student.StudentOutput;

/**
 * Brings the student's embedding beside the teacher's: to its grid (block means where the factor is
 * an integer, bilinear with half-pixel centres otherwise) and, where the channels differ in number,
 * through a learnable 1×1 convolution.
 *
 * @param channels C of the teacher
 * @param convolution from the student's channels to C; empty where they are as many
 */
record EmbeddingAdapter(int channels, Optional<Convolution> convolution) {
  /** For a student whose embedding has the teacher's channels. */
  static EmbeddingAdapter none(int channels) {
    return new EmbeddingAdapter(channels, Optional.empty());
  }

  /** Makes {@code loss.<loss>.adapter} where one is needed. */
  static EmbeddingAdapter create(ObjectiveContext context, String loss) {
    int from = context.studentChannels();
    int to = context.teacherChannels();
    if (from == to) {
      return none(to);
    }
    String prefix = "loss." + loss + ".adapter";
    return new EmbeddingAdapter(
        to, Optional.of(Convolution.create(context.weights(), prefix, from, to, 1, 1)));
  }

  /** The teacher's embedding, [B, C, g, g]. */
  NDArray teacher(Targets targets) {
    return FeatureMaps.requireChannels(targets.teacherEmbedding(), channels, "teacher embedding");
  }

  /** The student's beside it, [B, C, g, g]. */
  NDArray student(StudentOutput student, Targets targets) {
    Shape grid = teacher(targets).getShape();
    NDArray aligned = FeatureMaps.toGrid(student.embedding(), grid.get(2), grid.get(3));
    return convolution.map(c -> c.apply(aligned)).orElse(aligned);
  }
}
