package stillhouse.loss;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import java.util.function.UnaryOperator;
import stillhouse.student.StudentOutput;

/**
 * Brings the student's embedding beside the teacher's: to its grid (block means where the factor is
 * an integer, bilinear with half-pixel centres otherwise) and, where the channels differ in number,
 * through a learnable 1×1 convolution.
 */
final class EmbeddingAdapter {
  private final int channels;
  private final UnaryOperator<NDArray> widening;

  private EmbeddingAdapter(int channels, UnaryOperator<NDArray> widening) {
    this.channels = channels;
    this.widening = widening;
  }

  /** For a student whose embedding has the teacher's channels. */
  static EmbeddingAdapter none(int channels) {
    return new EmbeddingAdapter(channels, UnaryOperator.identity());
  }

  /** Makes {@code loss.<loss>.adapter} where one is needed. */
  static EmbeddingAdapter create(ObjectiveContext context, String loss) {
    int from = context.studentChannels();
    int to = context.teacherChannels();
    if (from == to) {
      return none(to);
    }
    String prefix = "loss." + loss + ".adapter";
    Convolution adapter = Convolution.create(context.weights(), prefix, from, to, 1, 1);
    return new EmbeddingAdapter(to, adapter::apply);
  }

  /** The teacher's embedding, [B, C, g, g]. */
  NDArray teacher(Targets targets) {
    return FeatureMaps.requireChannels(targets.teacherEmbedding(), channels, "teacher embedding");
  }

  /** The student's beside it, [B, C, g, g]. */
  NDArray student(StudentOutput student, Targets targets) {
    Shape grid = teacher(targets).getShape();
    return widening.apply(FeatureMaps.toGrid(student.embedding(), grid.get(2), grid.get(3)));
  }
}
