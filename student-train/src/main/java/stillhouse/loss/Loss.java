package stillhouse.loss;

import ai.djl.ndarray.NDArray;
import stillhouse.student.StudentOutput;

/**
 * One term of a recipe. A loss is a value a sample; the loop weights the samples, sums them over
 * all ranks and divides, so that the mean does not depend on how the batch was cut.
 */
public interface Loss {
  /** Which samples have what this loss is held against. */
  enum Supervision {
    /** The ground truth: labelled samples only. */
    LABELS,
    /** The teacher's cached answers: every sample. */
    TEACHER
  }

  Supervision supervision();

  /** The loss of each sample, [B]. */
  NDArray perSample(StudentOutput student, Targets targets);
}
