package stillhouse.train;

import ai.djl.Device;
import ai.djl.ndarray.NDManager;
import ai.djl.pytorch.jni.JniUtils;
import java.io.Serializable;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.BarrierTaskContext;
import org.apache.spark.TaskContext;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.util.SerializableConfiguration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import scala.collection.Iterator;
import scala.runtime.AbstractFunction1;
import stillhouse.comm.AllReduce;
import stillhouse.comm.CollectiveWatchdog;
import stillhouse.comm.Digests;
import stillhouse.comm.RabitAllReduce;
import stillhouse.comm.SingleRank;
import stillhouse.comm.Tracker;
import stillhouse.identity.Sha256;
import stillhouse.student.Weights;
import stillhouse.teacher.TeacherPool;

/** One rank of one barrier stage: joins its peers, resumes, trains, agrees on the weights. */
final class RankTask extends AbstractFunction1<Iterator<Integer>, Iterator<RankResult>>
    implements Serializable {
  private static final long serialVersionUID = 1L;
  private static final Logger LOG = LoggerFactory.getLogger(RankTask.class);

  private static final int LOAD_EVERY_SECONDS = 10; // as MLflow's own system metrics

  private final TrainingRun run;
  private final RankProgram program;
  private final int endEpoch;
  private final int attempt;
  private final Broadcast<SerializableConfiguration> hadoop;

  RankTask(
      TrainingRun run,
      RankProgram program,
      int endEpoch,
      int attempt,
      Broadcast<SerializableConfiguration> hadoop) {
    this.run = run;
    this.program = program;
    this.endEpoch = endEpoch;
    this.attempt = attempt;
    this.hadoop = hadoop;
  }

  @Override
  public Iterator<RankResult> apply(Iterator<Integer> unused) {
    BarrierTaskContext barrier = BarrierTaskContext.get();
    Device device = device(barrier);
    prepare(barrier);
    int rank = barrier.partitionId();
    try (CollectiveWatchdog watchdog =
            new CollectiveWatchdog(Duration.ofSeconds(run.collectiveTimeoutSeconds()));
        Tracker tracker = startTracker(barrier, rank)) {
      String arguments = barrier.allGather(tracker == null ? "" : tracker.arguments())[0];
      try (AllReduce ring = join(arguments, rank, watchdog);
          NDManager manager = NDManager.newBaseManager(device, "PyTorch");
          Weights weights = new Weights(manager, run.plan().seed())) {
        LOG.info(
            "Rank {} of {}, attempt {}: {}, {} thread(s)",
            rank,
            run.ranks(),
            attempt,
            device,
            JniUtils.getNumThreads());
        RankResult result = train(barrier, ring, weights);
        return scala.collection.JavaConverters.asScalaIterator(List.of(result).iterator());
      }
    }
  }

  private RankResult train(BarrierTaskContext barrier, AllReduce ring, Weights weights) {
    Configuration conf = hadoop.value().value();
    Checkpoints checkpoints = new Checkpoints(run.checkpoints(), run.keepCheckpoints(), conf);
    int rank = ring.rank();
    RankParts parts =
        program.build(
            new RankContext(
                rank, run.ranks(), decodingThreads(barrier), run.plan(), weights, conf));
    RankListener listener = new RankListener(barrier, ring, checkpoints, weights);
    try (var loads =
            new LoadReports(rank, LOAD_EVERY_SECONDS, load -> TrainingPlugin.send(run.id(), load));
        BatchSource batches = parts.batches();
        RankLoop loop = new RankLoop(parts, weights, ring, run.plan(), listener)) {
      listener.loop = loop;
      Optional<Checkpoint> resumed = resume(checkpoints, loop);
      Position from = resumed.map(Checkpoint::position).orElse(Position.START);
      listener.clock = StepClock.after(resumed);
      loop.run(from, endEpoch, run.checkpointEverySteps());
      TrainingMetrics.Epoch last = loop.lastEpoch();
      return new RankResult(
          rank,
          WeightDigest.of(weights).hex(),
          loop.whole().images(),
          loop.whole().seconds(),
          last.globalStep(),
          last);
    }
  }

  private Optional<Checkpoint> resume(Checkpoints checkpoints, RankLoop loop) {
    Optional<Checkpoint> latest = checkpoints.latest(run.identity());
    latest.ifPresent(loop::resume);
    return latest;
  }

  /** Rank 0's; null on the others, which try-with-resources lets be. */
  private Tracker startTracker(BarrierTaskContext barrier, int rank) {
    if (rank != 0 || run.ranks() == 1) {
      return null;
    }
    String address = barrier.getTaskInfos()[0].address();
    String host = address.contains(":") ? address.substring(0, address.lastIndexOf(':')) : address;
    return Tracker.start(host, run.ranks(), run.collectiveTimeoutSeconds());
  }

  private AllReduce join(String arguments, int rank, CollectiveWatchdog watchdog) {
    return run.ranks() == 1
        ? new SingleRank()
        : RabitAllReduce.join(arguments, rank, run.ranks(), watchdog);
  }

  /** The task's own GPU where Spark gave it one. */
  private static Device device(TaskContext task) {
    var gpu = task.resourcesJMap().get("gpu");
    return gpu == null ? Device.cpu() : Device.gpu(Integer.parseInt(gpu.addresses()[0]));
  }

  /**
   * On a GPU all cores but the one that drives it. On the CPU they are the network's, beside which
   * a single thread keeps up.
   */
  private static int decodingThreads(TaskContext task) {
    return device(task).isGpu() ? Math.max(1, task.cpus() - 1) : 1;
  }

  /**
   * A rank has its JVM to itself, and as many threads as its task has cores unless OMP_NUM_THREADS
   * says otherwise.
   */
  private static void prepare(TaskContext task) {
    TeacherPool.shared().closeAll(); // what a cache job of the same application left loaded
    Recording.off(); // loads the native library
    if (System.getenv("OMP_NUM_THREADS") == null) {
      JniUtils.setNumThreads(task.cpus());
    }
  }

  /** Checks that the ranks agree, saves on rank 0, reports from rank 0, and ends when told to. */
  private final class RankListener implements StepListener {
    private final BarrierTaskContext barrier;
    private final AllReduce ring;
    private final Checkpoints checkpoints;
    private final Weights weights;
    private RankLoop loop;
    private StepClock clock;

    RankListener(
        BarrierTaskContext barrier, AllReduce ring, Checkpoints checkpoints, Weights weights) {
      this.barrier = barrier;
      this.ring = ring;
      this.checkpoints = checkpoints;
      this.weights = weights;
    }

    @Override
    public void step(TrainingMetrics.Step metrics) {
      if (barrier.isInterrupted()) {
        throw new TrainingException("Run '" + run.id() + "' was cancelled at " + metrics);
      }
      if (reports() && metrics.globalStep() % run.reportEverySteps() == 0) {
        TrainingPlugin.send(run.id(), metrics);
      }
    }

    @Override
    public void epoch(TrainingMetrics.Epoch metrics) {
      if (reports()) {
        TrainingPlugin.send(run.id(), metrics);
      }
    }

    @Override
    public List<String> ofAllRanks(List<String> own) {
      return Stream.of(barrier.allGather(String.join("\n", own))).flatMap(String::lines).toList();
    }

    @Override
    public void settled(Position next) {
      double seconds = clock.stop();
      String digest = WeightDigest.of(weights).hex();
      Digests.requireEqual("weights before " + next, Digests.ofAllRanks(ring, digest));
      if (reports()) {
        Checkpoints.State state = loop.state().took(seconds);
        checkpoints.write(state, next, attempt, new Sha256(digest), run.identity());
      }
      clock.start();
    }

    private boolean reports() {
      return barrier.partitionId() == 0;
    }
  }
}
