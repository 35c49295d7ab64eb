package stillhouse.train;

import ai.djl.ndarray.NDArray;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Map;
import stillhouse.comm.AllReduce;
import stillhouse.student.HostValues;
import stillhouse.student.Weights;

/**
 * One rank's training: {@link PhaseSteps} of one phase after the other, and what is done at an
 * epoch's end. Which phase a step is of follows from its epoch alone.
 */
public final class RankLoop implements AutoCloseable {
  private final RankParts parts;
  private final Weights weights;
  private final AllReduce allReduce;
  private final TrainingPlan plan;
  private final StepListener listener;
  private final Tally whole = new Tally(List.of());
  private int phase = -1; // of steps
  private PhaseSteps steps; // null before the first
  private TrainingMetrics.Epoch lastEpoch;

  RankLoop(
      RankParts parts,
      Weights weights,
      AllReduce allReduce,
      TrainingPlan plan,
      StepListener listener) {
    if (parts.phases().size() != plan.phases().size()) {
      throw new IllegalArgumentException(
          "Invalid objective: of %d phases, the plan has %d"
              .formatted(parts.phases().size(), plan.phases().size()));
    }
    this.parts = parts;
    this.weights = weights;
    this.allReduce = allReduce;
    this.plan = plan;
    this.listener = listener;
  }

  /**
   * Takes over what a checkpoint holds: the weights, and within a phase its moments and average. A
   * checkpoint of a phase's end has those of that phase, which the next begins without.
   */
  void resume(Checkpoint from) {
    from.restore(weights);
    Position at = from.position();
    if (at.epoch() < plan.epochs()) {
      enter(at.epoch());
      if (!at.equals(new Position(plan.firstEpoch(phase), 0))) {
        steps.restore(from);
      }
    }
  }

  /** The phase that was entered last; null before the first step. */
  PhaseSteps steps() {
    return steps;
  }

  /** What a checkpoint holds. */
  Checkpoints.State state() {
    return steps.state();
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
    Position at = from;
    while (at.epoch() < endEpoch) {
      enter(at.epoch());
      at = epoch(at, settleEverySteps);
    }
  }

  /** Makes the steps those of the epoch's phase, where they are not yet. */
  private void enter(int epoch) {
    int of = plan.phaseOf(epoch);
    if (of != phase) {
      close();
      steps = new PhaseSteps(of, parts, weights, allReduce, plan, listener);
      phase = of;
    }
  }

  /** From a position to its epoch's end; returns where the next one begins. */
  private Position epoch(Position from, int settleEverySteps) {
    int stepsPerEpoch = parts.batches().stepsPerEpoch();
    Tally epoch = steps.tally();
    Position at = from;
    boolean ends = false;
    while (!ends) {
      epoch.add(steps.at(at));
      Position next = at.next(stepsPerEpoch);
      ends = next.step() == 0;
      boolean settles = ends || (settleEverySteps > 0 && next.step() % settleEverySteps == 0);
      if (settles) {
        averageBuffers();
      }
      if (ends) {
        lastEpoch = epoch.epoch(at.epoch(), next.globalStep(stepsPerEpoch));
        listener.epoch(lastEpoch);
        whole.addTimes(epoch);
      }
      if (settles) {
        listener.settled(next);
      }
      at = next;
    }
    return at;
  }

  /** Replaces each moving buffer (BatchNorm's running statistics) by its mean over ranks. */
  private void averageBuffers() {
    List<NDArray> moving =
        weights.buffers().entrySet().stream()
            .filter(b -> parts.phases().get(phase).trains().test(b.getKey()))
            .map(Map.Entry::getValue)
            .toList();
    int size = moving.stream().mapToInt(b -> (int) b.getShape().size()).sum();
    if (size == 0 || allReduce.ranks() == 1) {
      return;
    }
    ByteBuffer all = allReduce.allocate(size);
    var floats = all.asFloatBuffer();
    for (NDArray b : moving) {
      floats.put(HostValues.of(b));
    }
    allReduce.sum(all, size);
    floats.rewind();
    for (NDArray b : moving) {
      float[] mean = new float[(int) b.getShape().size()];
      floats.get(mean);
      for (int i = 0; i < mean.length; i++) {
        mean[i] /= allReduce.ranks();
      }
      Tensors.fill(b, mean);
    }
  }

  @Override
  public void close() {
    if (steps != null) {
      steps.close();
      steps = null;
      phase = -1;
    }
  }
}
