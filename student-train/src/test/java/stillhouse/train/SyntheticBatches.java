package stillhouse.train;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import stillhouse.loss.Draws;
import stillhouse.loss.Loss;
import stillhouse.loss.Targets;
import stillhouse.loss.Term;
import stillhouse.student.Scalar;
import stillhouse.student.StudentOutput;

/**
 * 21 samples in batches of 8: the last batch has 5, so that of four ranks one has a single sample
 * and one none. A third has no label; weights are 1 and 2.
 */
record SyntheticBatches(int rank, int ranks, int batch) implements BatchSource {
  private static final int SAMPLES = 21;
  private static final int SIDE = 8;

  @Override
  public int stepsPerEpoch() {
    return (SAMPLES + batch - 1) / batch;
  }

  @Override
  public Batch next(NDManager manager, int epoch, int step) {
    int share = batch / ranks;
    int first = step * batch + rank * share;
    List<String> ids = new ArrayList<>();
    for (int i = first; i < Math.min(first + share, SAMPLES); i++) {
      ids.add(Integer.toString((i + epoch) % SAMPLES));
    }
    return ids.isEmpty() ? empty() : filled(manager, ids, epoch);
  }

  private static Batch filled(NDManager manager, List<String> ids, int epoch) {
    int n = ids.size();
    float[] weight = new float[n];
    boolean[] labelled = new boolean[n];
    long[] keys = new long[n];
    for (int b = 0; b < n; b++) {
      int id = Integer.parseInt(ids.get(b));
      weight[b] = 1 + id % 2;
      labelled[b] = id % 3 != 0;
      keys[b] = id;
    }
    Targets targets =
        new Targets(
            values(manager, ids, "truth", 2)
                .gt(0.5f)
                .toType(ai.djl.ndarray.types.DataType.FLOAT32, false),
            manager.ones(new Shape(n, 1, SIDE, SIDE)),
            manager.create(new float[0], new Shape(0)),
            values(manager, ids, "teacher", 8),
            manager.create(new float[0], new Shape(0)),
            new Draws(7, epoch, keys));
    return new Batch(values(manager, ids, "image", 3), targets, weight, labelled, ids);
  }

  private static Batch empty() {
    return new Batch(null, null, new float[0], new boolean[0], List.of());
  }

  private static NDArray values(NDManager manager, List<String> ids, String what, int channels) {
    int each = channels * SIDE * SIDE;
    float[] all = new float[ids.size() * each];
    for (int b = 0; b < ids.size(); b++) {
      var random = new SplittableRandom((ids.get(b) + what).hashCode());
      for (int i = 0; i < each; i++) {
        all[b * each + i] = (float) random.nextDouble();
      }
    }
    return manager.create(all, new Shape(ids.size(), channels, SIDE, SIDE));
  }

  @Override
  public double waitedSeconds() {
    return 0;
  }

  @Override
  public void close() {}

  /** One term of labels, one of the teacher. */
  static List<Term> terms() {
    return List.of(
        new Term("labels", 1.0, new SquaredError(Loss.Supervision.LABELS)),
        new Term("teacher", 0.5, new SquaredError(Loss.Supervision.TEACHER)));
  }

  private record SquaredError(Supervision supervision) implements Loss {
    @Override
    public NDArray perSample(StudentOutput student, Targets targets) {
      NDArray difference =
          supervision == Supervision.LABELS
              ? student.logits().sub(targets.truth())
              : student.embedding().sub(targets.teacherEmbedding());
      long each = difference.getShape().size() / difference.getShape().get(0);
      return Scalar.over(difference.square().sum(new int[] {1, 2, 3}), each);
    }
  }
}
