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
 * Area and boundary counts of one prediction against its truth: what an evaluation does for an
 * image besides running the network.
 *
 * <p>Run: {@code mvn -pl benchmarks -am process-classes -Djmh.skip=false -Djmh.args=MaskCounter}
 * <br>
 * Against OpenCV's erosions in the same run, with equal counts: {@code peers/boundary_iou.py},
 * whose head has the command; the ratios are in docs/results/metrics.md. <br>
 * Against NumPy, whole processes over the same input: {@code mvn -pl benchmarks -am process-classes
 * -Dpeers.skip=false -Dpeers.args=masks}
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Warmup(iterations = 3, time = 2)
@Measurement(iterations = 5, time = 2)
@Fork(2)
public class MaskCounterBenchmark {
  @Param({"200", "512", "1024"})
  int side;

  @Param({"1", "3"})
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
