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
import stillhouse.student.Student;
import stillhouse.student.Weights;

/**
 * One rank's training: forward, losses, backward, all-reduce, clipping, AdamW. A step makes two
 * collectives: the terms' weight sums, then gradients and loss sums together. Native memory of a
 * step belongs to a manager closed with it.
 */
public final class RankLoop implements AutoCloseable {
  private static final int SOME = 8; // samples to name

  private final Weights weights;
  private final List<Term> terms;
  private final LocalLoss loss;
  private final BatchSource batches;
  private final AllReduce allReduce;
  private final TrainingPlan plan;
  private final StepListener listener;
  private final CosineSchedule schedule;
  private final NDManager manager;
  private final AdamW optimizer;
  private final WeightAverage average; // null: none is asked for
  private final GradientBuffer gradients;
  private final ByteBuffer counts; // Σ weights of each term, then the number of samples
  private final Tally whole;
  private TrainingMetrics.Epoch lastEpoch;

  RankLoop(
      Student student,
      Weights weights,
      List<Term> terms,
      BatchSource batches,
      AllReduce allReduce,
      TrainingPlan plan,
      StepListener listener) {
    if (terms.isEmpty()) {
      throw new IllegalArgumentException("Cannot train without a loss: the objective has no terms");
    }
    this.weights = weights;
    this.terms = List.copyOf(terms);
    this.loss = new LocalLoss(student, this.terms);
    this.batches = batches;
    this.allReduce = allReduce;
    this.plan = plan;
    this.listener = listener;
    long totalSteps = (long) plan.epochs() * batches.stepsPerEpoch();
    this.schedule = new CosineSchedule(plan.learningRate(), plan.warmupSteps(), totalSteps);
    this.manager = weights.manager().newSubManager();
    this.optimizer = new AdamW(manager, weights, plan.weightDecay());
    this.average =
        plan.averageDecay() == 0 ? null : new WeightAverage(manager, weights, plan.averageDecay());
    this.gradients = new GradientBuffer(manager, weights, terms.size(), allReduce);
    this.counts = allReduce.allocate(terms.size() + 1);
    this.whole = new Tally(this.terms);
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
    var state = Checkpoints.State.of(weights, optimizer);
    return average().map(state::with).orElse(state);
  }

  /** Images and seconds since this was made. */
  Tally whole() {
    return whole;
  }

  /** The last epoch that this has ended; null before. */
  TrainingMetrics.Epoch lastEpoch() {
    return lastEpoch;
  }

  /**
   * Runs from a position to the end of epoch {@code endEpoch − 1}.
   *
   * @param settleEverySteps besides an epoch's end, how often buffers are averaged and the listener
   *     hears of a settled state; 0 for never
   */
  void run(Position from, int endEpoch, int settleEverySteps) {
    Tally epoch = new Tally(terms);
    Position at = from;
    while (at.epoch() < endEpoch) {
      epoch.add(stepAt(at));
      Position next = at.next(batches.stepsPerEpoch());
      boolean ends = next.step() == 0;
      if (ends || (settleEverySteps > 0 && next.step() % settleEverySteps == 0)) {
        averageBuffers();
      }
      if (ends) {
        lastEpoch = epoch.epoch(at.epoch(), next.globalStep(batches.stepsPerEpoch()));
        listener.epoch(lastEpoch);
        whole.add(epoch);
        epoch = new Tally(terms);
      }
      if (ends || (settleEverySteps > 0 && next.step() % settleEverySteps == 0)) {
        listener.settled(next);
      }
      at = next;
    }
  }

  private Tally stepAt(Position at) {
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
    float scale = GradientBuffer.clipping(norm, plan.clipNorm());
    optimizer.update(gradients.gradients(), scale, schedule.at(taken));
    average().ifPresent(a -> a.update(taken + 1));
    Tally tally = new Tally(terms);
    for (int t = 0; t < terms.size(); t++) {
      tally.addTerm(t, gradients.extra(t), totals[t]);
    }
    tally.addStep(Math.round(totals[terms.size()]), seconds(began), waited, reducing);
    listener.step(tally.step(at, taken + 1, schedule.at(taken), norm));
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

  /** Replaces each buffer (BatchNorm's running statistics) by its mean over ranks. */
  private void averageBuffers() {
    int size = weights.buffers().values().stream().mapToInt(b -> (int) b.getShape().size()).sum();
    if (size == 0 || allReduce.ranks() == 1) {
      return;
    }
    ByteBuffer all = allReduce.allocate(size);
    var floats = all.asFloatBuffer();
    for (NDArray b : weights.buffers().values()) {
      floats.put(b.toFloatArray());
    }
    allReduce.sum(all, size);
    floats.rewind();
    for (NDArray b : weights.buffers().values()) {
      float[] mean = new float[(int) b.getShape().size()];
      floats.get(mean);
      for (int i = 0; i < mean.length; i++) {
        mean[i] /= allReduce.ranks();
      }
      Tensors.fill(b, mean);
    }
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
