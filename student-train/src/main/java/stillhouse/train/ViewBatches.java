package stillhouse.train;

import ai.djl.ndarray.NDManager;
import java.util.Set;
import org.apache.hadoop.conf.Configuration;
import stillhouse.cache.TrainingView;

/**
 * One rank's share of a training view, step after step. Reading starts at the first step asked for,
 * which is where a resumed run goes on.
 */
final class ViewBatches implements BatchSource {
  private static final int QUEUE = 2; // one batch in use, one ready, one being read
  private static final long CACHE_BYTES = 512L << 20;

  private final ViewReader reader;
  private final SampleOrder order;
  private final BatchLoader.Options options;
  private final int rank;
  private final int ranks;
  private final int epochs;
  private BatchLoader loader;
  private long expected = -1;

  ViewBatches(
      TrainingView view,
      Set<Column> columns,
      Experiment experiment,
      RankContext context,
      Configuration hadoop) {
    TrainingPlan plan = context.plan();
    this.reader = new ViewReader(view, "train", columns, CACHE_BYTES, hadoop);
    this.order = new SampleOrder(reader.rowsPerGroup(), plan.seed(), plan.batch());
    this.options =
        new BatchLoader.Options(
            plan.seed(),
            experiment.labelFraction(),
            experiment.photometric(),
            QUEUE,
            context.decodingThreads(),
            experiment.weights());
    this.rank = context.rank();
    this.ranks = context.ranks();
    this.epochs = plan.epochs();
  }

  @Override
  public int stepsPerEpoch() {
    return order.steps();
  }

  @Override
  public Batch next(NDManager manager, int epoch, int step) {
    long position = (long) epoch * order.steps() + step;
    if (position != expected) {
      close();
      loader = new BatchLoader(reader, order, options, rank, ranks, epoch, step, epochs);
    }
    expected = position + 1;
    return loader.next(manager);
  }

  @Override
  public double waitedSeconds() {
    return loader == null ? 0 : loader.waitedNanos() * 1e-9;
  }

  @Override
  public void close() {
    if (loader != null) {
      loader.close();
      loader = null;
    }
  }
}
