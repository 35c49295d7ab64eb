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
import stillhouse.structure.StructureMaps;
import stillhouse.structure.StructureTensor;
import stillhouse.tensor.FloatTensor;

/**
 * E, C and D of one embedding of SAM's size, 256×64×64, r = 7: what the structure pass of the cache
 * does for an image besides reading it.
 *
 * <p>Run: {@code mvn -pl benchmarks -am process-classes -Djmh.skip=false -Djmh.args=StructureMap}
 * <br>
 * Against NumPy and SciPy, whole processes over the same input: {@code mvn -pl benchmarks -am
 * process-classes -Dpeers.skip=false -Dpeers.args=structure} <br>
 * Machine: 2 virtual cores with nothing else. Last result, peer's time over ours: PyTorch 2.7.1
 * 3.94 on one thread, 2.40 on two (docs/results/cost.md); NumPy not yet measured.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Warmup(iterations = 3, time = 2)
@Measurement(iterations = 5, time = 2)
@Fork(2)
public class StructureMapBenchmark {
  @Param("256")
  int channels;

  @Param("64")
  int side;

  @Param("7")
  int radius;

  private FloatTensor features;

  @Setup
  public void draw() {
    features = Inputs.features(channels, side, 1);
  }

  @Benchmark
  public StructureMaps maps() {
    return StructureTensor.maps(features, radius);
  }
}
