package stillhouse.train;

import java.io.Serializable;
import java.util.Map;

/** What rank 0 tells the driver while training. Losses are means over all ranks' samples. */
public sealed interface TrainingMetrics extends Serializable {
  /** Counted from 0. */
  int epoch();

  /** The weighted sum of the terms. */
  double loss();

  /** Each term's mean before its weight; a term without samples is left out. */
  Map<String, Double> terms();

  /**
   * One step.
   *
   * @param globalStep steps taken since the run began, this one included
   * @param gradientNorm over all tensors, before clipping
   * @param imagesPerSecond of all ranks together
   * @param waitShare rank 0's share of the step spent waiting for data, 0…1
   * @param reduceShare rank 0's share spent in all-reduce, waiting for slower ranks included
   */
  record Step(
      int epoch,
      int step,
      long globalStep,
      double loss,
      Map<String, Double> terms,
      double learningRate,
      double gradientNorm,
      double imagesPerSecond,
      double waitShare,
      double reduceShare)
      implements TrainingMetrics {}

  /**
   * One epoch, or the part of it after a resume.
   *
   * @param steps how many steps the means are over
   * @param globalStep steps taken since the run began
   * @param images samples of all ranks
   * @param seconds of rank 0
   */
  record Epoch(
      int epoch,
      int steps,
      long globalStep,
      double loss,
      Map<String, Double> terms,
      long images,
      double seconds,
      double waitShare,
      double reduceShare)
      implements TrainingMetrics {
    public double imagesPerSecond() {
      return images / seconds;
    }
  }
}
