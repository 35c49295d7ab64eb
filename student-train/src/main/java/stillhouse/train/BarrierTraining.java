package stillhouse.train;

import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import org.apache.spark.SparkConf;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.util.SerializableConfiguration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import scala.reflect.ClassTag;
import scala.reflect.ClassTag$;
import stillhouse.comm.Digests;
import stillhouse.identity.Sha256;

/**
 * Trains on a Spark cluster: a loop of barrier jobs of a few epochs each, one task a rank. A job
 * that fails is run again from the last checkpoint; the run gives up after {@value
 * #ATTEMPTS_WITHOUT_PROGRESS} attempts that reached no further one. (Spark itself aborts a failed
 * barrier result stage at once, and elsewhere stops at the fourth failure whatever the progress.)
 * Between two jobs {@link EpochGate}s look at the run.
 */
public final class BarrierTraining {
  private static final Logger LOG = LoggerFactory.getLogger(BarrierTraining.class);
  private static final int ATTEMPTS_WITHOUT_PROGRESS = 3;
  private static final int EXECUTOR_WAIT_SECONDS = 120; // a lost executor's successor starts within

  private final SparkSession spark;
  private final JavaSparkContext context;
  private final TrainingRun run;
  private final RankProgram program;
  private final EpochGates gates;
  private final Checkpoints checkpoints;
  private final Broadcast<SerializableConfiguration> hadoop;
  private long images;
  private double stepSeconds;
  private Position asked = Position.START; // where gates have looked
  private boolean stopped; // by a gate
  private Attempt attempt; // this driver's; null before it trains

  private BarrierTraining(
      SparkSession spark, TrainingRun run, RankProgram program, List<EpochGate> gates) {
    this.spark = spark;
    this.context = JavaSparkContext.fromSparkContext(spark.sparkContext());
    this.run = run;
    this.program = program;
    this.gates = new EpochGates(gates, run.plan().epochs());
    this.checkpoints =
        new Checkpoints(run.checkpoints(), run.keepCheckpoints(), context.hadoopConfiguration());
    this.hadoop = context.broadcast(new SerializableConfiguration(context.hadoopConfiguration()));
  }

  /** As {@link #run(SparkSession, TrainingRun, RankProgram, List)}, without gates. */
  public static TrainingReport run(SparkSession spark, TrainingRun run, RankProgram program) {
    return run(spark, run, program, List.of());
  }

  /**
   * Trains from the run's last checkpoint, or from the start, to the plan's last epoch or until a
   * gate stops it.
   *
   * @param program travels to every rank
   * @param gates look at the run between its jobs, in this order
   * @throws TrainingException where the cluster can't train, or training makes no progress
   * @throws CheckpointException where the run's folder holds another's checkpoints; nothing has
   *     been written then
   * @throws SupersededException where another driver began to train the run meanwhile
   */
  public static TrainingReport run(
      SparkSession spark, TrainingRun run, RankProgram program, List<EpochGate> gates) {
    new Slots(spark.sparkContext().getConf()).require(run.ranks());
    BarrierTraining training = new BarrierTraining(spark, run, program, gates);
    try {
      return training.train();
    } finally {
      training.hadoop.unpersist();
    }
  }

  /**
   * Refuses a cluster that can't train with so many ranks. Looks at settings alone, so it can be
   * asked before Spark starts.
   *
   * @throws TrainingException naming the setting and its remedy
   */
  public static void requireCluster(SparkConf settings, int ranks) {
    new Slots(settings).require(ranks);
  }

  private TrainingReport train() {
    long began = System.nanoTime();
    int attempts = 1;
    int idle = 0;
    Position at = position(); // first: another run's folder is left as it is
    attempt = checkpoints.attempts().begin();
    if (isOver(at)) {
      return finished(latest().orElseThrow());
    }
    List<RankResult> results = List.of();
    while (!isOver(at)) {
      awaitExecutors();
      try {
        results = job(at);
        at = position();
        idle = 0;
      } catch (Exception e) { // Spark throws its checked exceptions undeclared
        requireSpark(at, e);
        results = List.of();
        attempt = checkpoints.attempts().after(attempt); // first: the failed one writes no more
        Position reached = position();
        idle = reached.compareTo(at) > 0 ? 0 : idle + 1;
        giveUpAfter(idle, reached, e);
        LOG.warn("Attempt {} of run '{}' failed; resuming from {}", attempt, run.id(), reached, e);
        at = reached;
        attempts++;
      }
    }
    return results.isEmpty() // the last epoch was settled, and its attempt failed after that
        ? finished(latest().orElseThrow())
        : report(results, attempts, (System.nanoTime() - began) * 1e-9);
  }

  /** A driver that is told to stop makes no further attempt. */
  private void requireSpark(Position from, Exception cause) {
    if (spark.sparkContext().isStopped()) {
      throw new TrainingException(
          String.format(
              "Cannot go on with run '%s': Spark was stopped while it trained from %s. Run the same command again: it goes on from the last checkpoint.",
              run.id(), from),
          cause);
    }
  }

  /** Whether nothing is left to train: the plan has ended, or a gate has ended the run. */
  private boolean isOver(Position at) {
    if (!at.equals(asked)) {
      stopped = gates.stop(latest().orElseThrow(), attempt);
      asked = at;
    }
    return stopped || at.equals(end());
  }

  private List<RankResult> job(Position from) {
    int end = gates.endOfJob(from.epoch(), run.epochsPerJob());
    spark
        .sparkContext()
        .setJobDescription(
            String.format(
                "train %s: epochs %d to %d of %d, %d ranks, attempt %d",
                run.id(),
                from.epoch() + 1,
                end,
                run.plan().epochs(),
                run.ranks(),
                attempt.number()));
    try {
      List<Integer> slots = IntStream.range(0, run.ranks()).boxed().toList();
      ClassTag<RankResult> tag = ClassTag$.MODULE$.apply(RankResult.class);
      var stage =
          context
              .parallelize(slots, run.ranks())
              .rdd()
              .barrier()
              .mapPartitions(new RankTask(run, program, end, attempt.number(), hadoop), false, tag);
      new Slots(spark.sparkContext().getConf()).profile().ifPresent(stage::withResources);
      List<RankResult> results = new ArrayList<>(JavaRDD.fromRDD(stage, tag).collect());
      results.sort(Comparator.comparingInt(RankResult::rank));
      Digests.requireEqual("weights", results.stream().map(RankResult::digest).toList());
      images += results.get(0).images();
      stepSeconds += results.get(0).stepSeconds();
      return results;
    } finally {
      spark.sparkContext().setJobDescription(null);
    }
  }

  /** Waits for a lost executor's successor. */
  private void awaitExecutors() {
    if (spark.sparkContext().isLocal()) {
      return;
    }
    long deadline = System.nanoTime() + EXECUTOR_WAIT_SECONDS * 1_000_000_000L;
    int present = executors();
    while (present < run.ranks()) {
      if (System.nanoTime() > deadline) {
        throw new Slots(spark.sparkContext().getConf()).tooFew(run.ranks(), present);
      }
      try {
        Thread.sleep(100);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new TrainingException("Interrupted while waiting for executors", e);
      }
      present = executors();
    }
  }

  private int executors() {
    return spark.sparkContext().statusTracker().getExecutorInfos().length
        - 1; // the driver is among them
  }

  private Position end() {
    return new Position(run.plan().epochs(), 0);
  }

  private Position position() {
    return latest().map(Checkpoint::position).orElse(Position.START);
  }

  private Optional<Checkpoint> latest() {
    Optional<Checkpoint> latest = checkpoints.latest(run.identity());
    latest.filter(c -> c.position().compareTo(end()) > 0).ifPresent(this::refuseBeyondPlan);
    return latest;
  }

  private void refuseBeyondPlan(Checkpoint beyond) {
    throw new CheckpointException(
        String.format(
            "Cannot resume from checkpoint %s: it is at %s, the plan of run '%s' ends at %s. %s",
            beyond.folder(), beyond.position(), run.id(), end(), checkpoints.remedy()));
  }

  /** A run that an earlier driver saw through: there is nothing left to train. */
  private TrainingReport finished(Checkpoint last) {
    LOG.info("Run '{}' is trained already: {}", run.id(), last.folder());
    List<String> digests = Collections.nCopies(run.ranks(), last.weightDigest().hex());
    return new TrainingReport(
        last.position().epoch(),
        last.steps(),
        last.weightDigest(),
        digests,
        0,
        last.seconds(),
        0,
        Map.of(),
        0,
        last.folder());
  }

  private void giveUpAfter(int idle, Position reached, Exception last) {
    if (idle >= ATTEMPTS_WITHOUT_PROGRESS) {
      throw new TrainingException(
          String.format(
              "Run '%s' gave up: %d attempts reached no checkpoint beyond %s. The last failure: %s",
              run.id(), idle, reached, last.getMessage()),
          last);
    }
  }

  private TrainingReport report(List<RankResult> results, int attempts, double seconds) {
    RankResult first = results.get(0);
    Checkpoint last = latest().orElseThrow();
    return new TrainingReport(
        last.position().epoch(),
        first.steps(),
        new Sha256(first.digest()),
        results.stream().map(RankResult::digest).toList(),
        seconds,
        last.seconds(),
        images / stepSeconds,
        first.lastEpoch().terms(),
        attempts,
        last.folder());
  }
}
