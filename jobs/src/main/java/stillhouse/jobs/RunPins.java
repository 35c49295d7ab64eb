package stillhouse.jobs;

import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.function.Supplier;
import org.apache.spark.sql.SparkSession;
import stillhouse.cache.Pin;
import stillhouse.cache.Pins;

/** What training and evaluation pin, and which of these pins hold. */
final class RunPins {
  static final String TRAIN = "train";
  private static final String PREPARE = "prepare";
  private static final String EVALUATE = "evaluate";

  private final SparkSession spark;
  private final String root;
  private final Pins pins;

  RunPins(SparkSession spark, String root) {
    this.spark = spark;
    this.root = root;
    this.pins = Pins.of(spark, root);
  }

  /** While views are looked for or made, none may go, nor what the tables hold now. */
  <T> T preparing(Supplier<T> work) {
    try (var held = hold(PREPARE, Pin.EVERY_VIEW)) {
      return work.get();
    }
  }

  /** While models are scored: the samples and answers of now. */
  Pins.Held evaluating() {
    return hold(EVALUATE, "");
  }

  private Pins.Held hold(String kind, String view) {
    return pins.hold(kind, UUID.randomUUID().toString(), view, Pins.versions(spark, root));
  }

  /** A run's view, until the run is trained. */
  Pins.Held training(String run, String view) {
    return pins.hold(TRAIN, run, view, Map.of());
  }

  List<Pin> all() {
    return pins.all();
  }

  /**
   * Those that hold: of jobs that run, and of runs that can be resumed.
   *
   * @param resumable names of runs that have checkpoints and are not trained
   */
  List<Pin> holding(List<String> resumable) {
    return all().stream().filter(pin -> holds(pin, resumable)).toList();
  }

  private static boolean holds(Pin pin, List<String> resumable) {
    return pin.alive(Instant.now())
        || (pin.kind().equals(TRAIN) && resumable.contains(pin.owner()));
  }

  /** Removes pins of jobs that were stopped and can't be resumed. */
  void releaseOthers(List<String> resumable) {
    all().stream().filter(pin -> !holds(pin, resumable)).forEach(pins::release);
  }
}
