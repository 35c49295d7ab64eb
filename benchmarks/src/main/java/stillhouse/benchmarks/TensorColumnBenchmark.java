package stillhouse.benchmarks;

import java.util.concurrent.TimeUnit;
import org.apache.spark.sql.Row;
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
import stillhouse.tensor.DType;
import stillhouse.tensor.FloatTensor;
import stillhouse.tensor.TensorColumn;

/**
 * An embedding of 256×64×64 to a tensor column's row and back, checksum included: 2 MiB in fp16.
 *
 * <p>Run: {@code mvn -pl benchmarks -am process-classes -Djmh.skip=false -Djmh.args=TensorColumn}
 * <br>
 * Machine: not yet measured. Last result, fp16's time over fp32's: not yet measured.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Warmup(iterations = 3, time = 2)
@Measurement(iterations = 5, time = 2)
@Fork(2)
public class TensorColumnBenchmark {
  @Param("256")
  int channels;

  @Param("64")
  int side;

  @Param({"FP16", "FP32", "INT8"})
  DType type;

  private FloatTensor tensor;
  private Row row;

  @Setup
  public void draw() {
    tensor = Inputs.features(channels, side, 1);
    row = TensorColumn.encode(tensor, type);
  }

  @Benchmark
  public Row encode() {
    return TensorColumn.encode(tensor, type);
  }

  @Benchmark
  public FloatTensor decode() {
    return TensorColumn.decode(row);
  }
}
