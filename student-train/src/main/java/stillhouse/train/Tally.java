package stillhouse.train;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import stillhouse.loss.Term;

/** Sums over steps of what is reduced over ranks, and of rank 0's clock. */
final class Tally {
  private final List<Term> terms;
  private final double[] lossSums;
  private final double[] weightSums;
  private long images;
  private int steps;
  private double seconds;
  private double waited;
  private double reducing;

  Tally(List<Term> terms) {
    this.terms = terms;
    this.lossSums = new double[terms.size()];
    this.weightSums = new double[terms.size()];
  }

  /** Adds term t's Σ_b w_b l_b and Σ_b w_b over all ranks. */
  void addTerm(int t, double lossSum, double weightSum) {
    lossSums[t] += lossSum;
    weightSums[t] += weightSum;
  }

  void addStep(long stepImages, double stepSeconds, double stepWaited, double stepReducing) {
    steps++;
    images += stepImages;
    seconds += stepSeconds;
    waited += stepWaited;
    reducing += stepReducing;
  }

  void add(Tally other) {
    for (int t = 0; t < lossSums.length; t++) {
      addTerm(t, other.lossSums[t], other.weightSums[t]);
    }
    addTimes(other);
  }

  /** Steps, images and seconds of one that may be of other terms. */
  void addTimes(Tally other) {
    images += other.images;
    steps += other.steps;
    seconds += other.seconds;
    waited += other.waited;
    reducing += other.reducing;
  }

  long images() {
    return images;
  }

  double seconds() {
    return seconds;
  }

  /** Mean of each term that had samples. */
  Map<String, Double> means() {
    Map<String, Double> means = new LinkedHashMap<>();
    for (int t = 0; t < terms.size(); t++) {
      if (weightSums[t] > 0) {
        means.put(terms.get(t).name(), lossSums[t] / weightSums[t]);
      }
    }
    return means;
  }

  /** Σ_terms λ · mean. */
  double loss() {
    double loss = 0;
    for (int t = 0; t < terms.size(); t++) {
      if (weightSums[t] > 0) {
        loss += terms.get(t).weight() * lossSums[t] / weightSums[t];
      }
    }
    return loss;
  }

  TrainingMetrics.Step step(Position at, long globalStep, double learningRate, double norm) {
    return new TrainingMetrics.Step(
        at.epoch(),
        at.step(),
        globalStep,
        loss(),
        means(),
        learningRate,
        norm,
        images / seconds,
        waited / seconds,
        reducing / seconds);
  }

  TrainingMetrics.Epoch epoch(int epoch, long globalStep) {
    return new TrainingMetrics.Epoch(
        epoch,
        steps,
        globalStep,
        loss(),
        means(),
        images,
        seconds,
        waited / seconds,
        reducing / seconds);
  }
}
