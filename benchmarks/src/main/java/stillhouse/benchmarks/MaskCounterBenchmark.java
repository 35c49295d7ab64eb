package stillhouse.benchmarks;

import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;
import stillhouse.data.ClassMask;
import stillhouse.metrics.ImageCounts;
import stillhouse.metrics.MaskCounter;

/**
 * Area and boundary counts of one 1024×1024 prediction against its truth, three classes and the
 * foreground, d = 29: what an evaluation does for an image besides running the network.
 *
 * <p>Run: {@code mvn -pl benchmarks -am process-classes -Djmh.skip=false -Djmh.args=MaskCounter}
 * <br>
 * Against NumPy, whole processes over the same input: {@code mvn -pl benchmarks -am process-classes
 * -Dpeers.skip=false -Dpeers.args=masks} <br>
 * Machine: not yet measured. Last result, peer's time over ours: not yet measured.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Warmup(iterations = 3, time = 2)
@Measurement(iterations = 5, time = 2)
@Fork(2)
public class MaskCounterBenchmark {
  @Param("1024")
  int side;

  @Param("3")
  int classes;

  private ClassMask predicted;
  private ClassMask actual;
  private MaskCounter counter;

  @Setup
  public void draw() {
    predicted = Inputs.mask(side, classes, 1);
    actual = Inputs.mask(side, classes, 2);
    counter = new MaskCounter(classes);
  }

  @Benchmark
  public ImageCounts count() {
    return counter.count(predicted, actual);
  }
}
