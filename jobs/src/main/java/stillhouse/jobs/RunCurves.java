package stillhouse.jobs;

import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import stillhouse.train.RankLoad;
import stillhouse.train.TrainingListener;
import stillhouse.train.TrainingMetrics;
import stillhouse.train.TrainingPlan;

/**
 * Sends a run's curves to MLflow while it trains, and says on the console how far it is: in one
 * line that is written over itself on a terminal, else in a line an epoch.
 */
final class RunCurves implements TrainingListener, AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(RunCurves.class);
  private static final long QUIET_NANOS = 2_000_000_000L; // short epochs share a line
  private final String name;
  private final TrainingPlan plan;
  private final RunTracking run;
  private final Optional<TrainingBar> bar;
  private long lastLine;
  private final Map<Integer, RankLoad> early = new ConcurrentHashMap<>(); // by rank
  private volatile long lastStep; // 0: none was heard of yet, though a resumed run has taken some

  /**
   * @param bar where there is a terminal
   */
  RunCurves(String name, TrainingPlan plan, RunTracking run, Optional<TrainingBar> bar) {
    this.name = name;
    this.plan = plan;
    this.run = run;
    this.bar = bar;
  }

  @Override
  public void step(TrainingMetrics.Step step) {
    Map<String, Double> values = new LinkedHashMap<>();
    values.put("train/loss", step.loss());
    step.terms().forEach((term, value) -> values.put("train/loss_" + term, value));
    values.put("train/learning_rate", step.learningRate());
    values.put("train/gradient_norm", step.gradientNorm());
    values.put("train/images_per_second", step.imagesPerSecond());
    values.put("train/share_waiting_for_data", step.waitShare());
    values.put("train/share_all_reduce", step.reduceShare());
    run.metrics(values, step.globalStep());
    lastStep = step.globalStep();
    early.values().forEach(this::load);
    early.clear();
    bar.ifPresent(b -> b.step(step));
  }

  /** On the axis of steps, as all else, though it was sampled by the clock. */
  @Override
  public void load(RankLoad load) {
    if (lastStep == 0) {
      early.put(load.rank(), load);
      return;
    }
    Map<String, Double> values = new LinkedHashMap<>();
    load.values().forEach((what, v) -> values.put("system/rank-" + load.rank() + "/" + what, v));
    run.metrics(values, lastStep);
  }

  @Override
  public void close() {
    bar.ifPresent(TrainingBar::clear);
  }

  @Override
  public void epoch(TrainingMetrics.Epoch epoch) {
    Map<String, Double> values = new LinkedHashMap<>();
    values.put("epoch/loss", epoch.loss());
    epoch.terms().forEach((term, value) -> values.put("epoch/loss_" + term, value));
    run.metrics(values, epoch.globalStep());
    boolean last = epoch.epoch() + 1 == plan.epochs();
    if (last || (bar.isEmpty() && System.nanoTime() - lastLine > QUIET_NANOS)) {
      bar.ifPresent(TrainingBar::clear);
      lastLine = System.nanoTime();
      log.info(
          String.format(
              Locale.ROOT,
              "%s: epoch %d of %d, loss %.4f (%s), %.0f images/s, %.0f %% waiting for data, %.0f %% all-reduce",
              name,
              epoch.epoch() + 1,
              plan.epochs(),
              epoch.loss(),
              terms(epoch),
              epoch.imagesPerSecond(),
              100 * epoch.waitShare(),
              100 * epoch.reduceShare()));
    }
  }

  private static String terms(TrainingMetrics.Epoch epoch) {
    return epoch.terms().entrySet().stream()
        .map(e -> String.format(Locale.ROOT, "%s %.4f", e.getKey(), e.getValue()))
        .collect(Collectors.joining(", "));
  }
}
