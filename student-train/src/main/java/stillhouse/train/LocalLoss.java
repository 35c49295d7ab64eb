package stillhouse.train;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.GradientCollector;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import stillhouse.loss.Loss;
import stillhouse.loss.Term;
import stillhouse.student.HostValues;
import stillhouse.student.Part;
import stillhouse.student.Scalar;
import stillhouse.student.Student;
import stillhouse.student.StudentOutput;

/**
 * This rank's part of L = Σ_t λ_t Σ_b w_tb l_tb / W_t, where W_t = Σ_b w_tb over the samples of all
 * ranks. Its gradients, summed over ranks, are those of the whole batch, however it was cut.
 *
 * @param parts of the student that are trained
 */
record LocalLoss(Student student, Set<Part> parts, List<Term> terms) {
  /** w_tb: the sample's weight; 0 for a term of labels on a sample without them. */
  static float[] sampleWeights(Term term, Batch batch) {
    float[] weights = batch.weight().clone();
    if (term.loss().supervision() == Loss.Supervision.LABELS) {
      for (int b = 0; b < weights.length; b++) {
        weights[b] = batch.labelled()[b] ? weights[b] : 0f;
      }
    }
    return weights;
  }

  /** Σ_b w_tb of this rank, [terms]. */
  double[] weightSums(Batch batch) {
    return terms.stream().mapToDouble(t -> sum(sampleWeights(t, batch))).toArray();
  }

  /**
   * Adds this rank's gradients to those of the weights.
   *
   * @param batch with at least one sample
   * @param totalWeights W_t, [terms]
   * @return Σ_b w_tb l_tb of this rank, [terms]
   */
  double[] backward(NDManager manager, Batch batch, double[] totalWeights) {
    double[] sums = new double[terms.size()];
    NDArray[] weighted = new NDArray[terms.size()];
    try (GradientCollector collector = manager.getEngine().newGradientCollector()) {
      StudentOutput output = student.forward(batch.image(), parts);
      NDArray total = null;
      for (int t = 0; t < sums.length; t++) {
        float[] w = sampleWeights(terms.get(t), batch);
        if (sum(w) > 0) {
          weighted[t] = perSample(terms.get(t), output, batch).mul(manager.create(w)).sum();
          NDArray part = Scalar.times(weighted[t], terms.get(t).weight() / totalWeights[t]);
          total = total == null ? part : total.add(part);
        }
      }
      if (total != null) {
        collector.backward(total);
      }
    }
    for (int t = 0; t < sums.length; t++) {
      sums[t] = weighted[t] == null ? 0 : HostValues.of(weighted[t])[0];
    }
    return sums;
  }

  /**
   * The samples on which a term is not a finite number, each as "TERM of SAMPLE". Asks the student
   * again, whose BatchNorm statistics move: for a run that ends.
   */
  List<String> notFinite(NDManager manager, Batch batch) {
    List<String> found = new ArrayList<>();
    StudentOutput output = student.forward(batch.image(), parts);
    for (Term term : terms) {
      float[] weights = sampleWeights(term, batch);
      if (sum(weights) > 0) {
        NDArray losses = perSample(term, output, batch);
        losses.attach(manager);
        float[] values = HostValues.of(losses);
        for (int b = 0; b < values.length; b++) {
          if (weights[b] > 0 && !Float.isFinite(values[b])) {
            found.add(term.name() + " of " + batch.sampleIds().get(b));
          }
        }
      }
    }
    return found;
  }

  private static NDArray perSample(Term term, StudentOutput output, Batch batch) {
    NDArray loss = term.loss().perSample(output, batch.targets());
    if (!loss.getShape().equals(new Shape(batch.size()))) {
      throw new IllegalStateException(
          String.format(
              "Loss '%s' gave shape %s for %d samples (must be one value a sample)",
              term.name(), loss.getShape(), batch.size()));
    }
    return loss;
  }

  private static double sum(float[] values) {
    double sum = 0;
    for (float v : values) {
      sum += v;
    }
    return sum;
  }
}
