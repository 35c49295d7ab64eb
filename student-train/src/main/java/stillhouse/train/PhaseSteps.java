package stillhouse.train;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.nio.ByteBuffer;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import stillhouse.comm.AllReduce;
import stillhouse.loss.Term;
import stillhouse.student.Weights;

/**
 * One rank's steps of one phase: forward, losses, backward, all-reduce, clipping, AdamW. A step
 * makes two collectives: the terms' weight sums, then the trained tensors' gradients and loss sums
 * together. Native memory of a step belongs to a manager closed with it.
 *
 * <p>A phase begins with moments of zero, a schedule of its own and, where the plan asks for one,
 * an average of the weights as they are then.
 */
final class PhaseSteps implements AutoCloseable {
  private static final int SOME = 8; // samples to name

  private final Weights weights;
  private final List<Term> terms;
  private final LocalLoss loss;
  private final BatchSource batches;
  private final AllReduce allReduce;
  private final TrainingPlan plan;
  private final StepListener listener;
  private final long before; // steps of the phases before this one
  private final CosineSchedule schedule;
  private final NDManager manager;
  private final AdamW optimizer;
  private final WeightAverage average; // null: none is asked for
  private final GradientBuffer gradients;
  private final ByteBuffer counts; // Σ weights of each term, then the number of samples

  /** Freezes in {@code weights} what the phase does not train, and makes the rest trained. */
  PhaseSteps(
      int phase,
      RankParts parts,
      Weights weights,
      AllReduce allReduce,
      TrainingPlan plan,
      StepListener listener) {
    RankParts.Phase own = parts.phases().get(phase);
    this.weights = weights;
    this.terms = own.terms();
    this.loss = new LocalLoss(parts.student(), own.parts(), terms);
    this.batches = parts.batches();
    this.allReduce = allReduce;
    this.plan = plan;
    this.listener = listener;
    long stepsPerEpoch = batches.stepsPerEpoch();
    this.before = plan.firstEpoch(phase) * stepsPerEpoch;
    TrainingPlan.Phase terms = plan.phases().get(phase);
    this.schedule =
        new CosineSchedule(
            terms.learningRate(), terms.warmupSteps(), terms.epochs() * stepsPerEpoch);
    weights.train(own.trains());
    this.manager = weights.manager().newSubManager();
    this.optimizer = new AdamW(manager, weights, plan.weightDecay());
    this.average =
        plan.averageDecay() == 0 ? null : new WeightAverage(manager, weights, plan.averageDecay());
    this.gradients = new GradientBuffer(manager, weights, own.terms().size(), allReduce);
    this.counts = allReduce.allocate(own.terms().size() + 1);
  }

  AdamW optimizer() {
    return optimizer;
  }

  /** Of the weights, where the plan asks for one. */
  Optional<WeightAverage> average() {
    return Optional.ofNullable(average);
  }

  /** What a checkpoint holds. */
  Checkpoints.State state() {
    var state = Checkpoints.State.of(weights, optimizer, before);
    return average().map(state::with).orElse(state);
  }

  /** Takes moments and average from a checkpoint of this phase, whose weights are restored. */
  void restore(Checkpoint within) {
    within.restore(optimizer, before);
    average().ifPresent(within::restore);
  }

  /** Of this phase's terms, empty. */
  Tally tally() {
    return new Tally(terms);
  }

  Tally at(Position at) {
    Set<NDArray> kept = identities(weights.manager().getManagedArrays());
    try (NDManager step = manager.newSubManager()) {
      return step(step, at);
    } catch (RuntimeException e) {
      throw new TrainingException(
          String.format(
              "Cannot take %s: rank %d of %d: %s",
              at, allReduce.rank(), allReduce.ranks(), e.getMessage()),
          e);
    } finally {
      closeStrays(kept);
    }
  }

  private Tally step(NDManager step, Position at) {
    long began = System.nanoTime();
    double waitedBefore = batches.waitedSeconds();
    Batch batch = batches.next(step, at.epoch(), at.step());
    double waited = batches.waitedSeconds() - waitedBefore;
    long reduceBegan = System.nanoTime();
    double[] totals = totals(batch);
    double reducing = seconds(reduceBegan);
    accumulate(step, batch, totals);
    reduceBegan = System.nanoTime();
    gradients.reduce();
    reducing += seconds(reduceBegan);
    double norm = gradients.norm();
    requireFinite(norm, step, batch);
    long taken = at.globalStep(batches.stepsPerEpoch());
    double rate = schedule.at(taken - before);
    optimizer.update(gradients.gradients(), GradientBuffer.clipping(norm, plan.clipNorm()), rate);
    average().ifPresent(a -> a.update(taken - before + 1));
    Tally tally = tally();
    for (int t = 0; t < terms.size(); t++) {
      tally.addTerm(t, gradients.extra(t), totals[t]);
    }
    tally.addStep(Math.round(totals[terms.size()]), seconds(began), waited, reducing);
    listener.step(tally.step(at, taken + 1, rate, norm));
    return tally;
  }

  /** Weight sums of each term and the number of samples, over all ranks. */
  private double[] totals(Batch batch) {
    var floats = counts.asFloatBuffer();
    double[] local = batch.size() == 0 ? new double[terms.size()] : loss.weightSums(batch);
    for (int t = 0; t < local.length; t++) {
      floats.put(t, (float) local[t]);
    }
    floats.put(local.length, batch.size());
    allReduce.sum(counts, local.length + 1);
    double[] totals = new double[local.length + 1];
    for (int i = 0; i < totals.length; i++) {
      totals[i] = floats.get(i);
    }
    return totals;
  }

  private void accumulate(NDManager step, Batch batch, double[] totals) {
    double[] sums = new double[terms.size()];
    if (batch.size() == 0) {
      gradients.clear();
    } else {
      sums = backward(step, batch, totals);
      gradients.collect();
    }
    for (int t = 0; t < sums.length; t++) {
      gradients.setExtra(t, sums[t]);
    }
  }

  /** Torch adds the gradients of one part after the other. What a part takes is freed with it. */
  private double[] backward(NDManager step, Batch batch, double[] totals) {
    if (plan.accumulation() == 1) {
      return loss.backward(step, batch, totals);
    }
    int share = plan.batch() / allReduce.ranks();
    int size = (share + plan.accumulation() - 1) / plan.accumulation();
    double[] sums = new double[terms.size()];
    for (int from = 0; from < batch.size(); from += size) {
      int to = Math.min(from + size, batch.size());
      try (NDManager part = step.newSubManager()) {
        double[] of = loss.backward(part, batch.part(part, from, to), totals);
        for (int t = 0; t < sums.length; t++) {
          sums[t] += of[t];
        }
      }
    }
    return sums;
  }

  /** The norm is the same on all ranks, so that all of them get here or none. */
  private void requireFinite(double norm, NDManager step, Batch batch) {
    if (Double.isFinite(norm)) {
      return;
    }
    List<String> own = batch.size() == 0 ? List.of() : loss.notFinite(step, batch);
    List<String> samples = listener.ofAllRanks(own);
    StringBuilder each = new StringBuilder();
    for (int t = 0; t < terms.size(); t++) {
      each.append(' ').append(terms.get(t).name()).append('=').append(gradients.extra(t));
    }
    throw new IllegalStateException(
        "the gradient's norm is %s; loss sums:%s; not finite: %s. %s"
            .formatted(norm, each, named(samples), remedy(samples)));
  }

  private static String named(List<String> samples) {
    String some = String.join(", ", samples.subList(0, Math.min(SOME, samples.size())));
    return samples.isEmpty()
        ? "no sample's loss"
        : some + (samples.size() > SOME ? " and %d more".formatted(samples.size() - SOME) : "");
  }

  private static String remedy(List<String> samples) {
    return samples.isEmpty()
        ? "Lower the learning rate, or set clipNorm; the last checkpoint is as it was."
        : "Look at these samples, or lower the learning rate; the last checkpoint is as it was.";
  }

  /**
   * An operation's result belongs to the manager of its first operand. Where that was a weight, it
   * would outlive the step.
   */
  private void closeStrays(Set<NDArray> kept) {
    for (NDArray array : weights.manager().getManagedArrays()) {
      // The list goes down into sub-managers, whose arrays are their owners'.
      if (array.getManager() == weights.manager() && !kept.contains(array)) {
        array.close();
      }
    }
  }

  private static Set<NDArray> identities(List<NDArray> arrays) {
    Set<NDArray> set = Collections.newSetFromMap(new IdentityHashMap<>());
    set.addAll(arrays);
    return set;
  }

  private static double seconds(long since) {
    return (System.nanoTime() - since) * 1e-9;
  }

  @Override
  public void close() {
    gradients.close();
    average().ifPresent(WeightAverage::close);
    optimizer.close();
    manager.close();
  }
}
