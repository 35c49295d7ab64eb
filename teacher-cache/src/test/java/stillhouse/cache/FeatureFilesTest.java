package stillhouse.cache;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.spark.api.java.function.MapFunction;
import org.apache.spark.scheduler.SparkListener;
import org.apache.spark.scheduler.SparkListenerTaskEnd;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import stillhouse.Sessions;
import stillhouse.tensor.DType;
import stillhouse.tensor.FloatTensor;
import stillhouse.tensor.TensorColumn;

class FeatureFilesTest {
  private static final String LAYER = CacheTables.layerColumn("embedding");
  private static final StructType TYPE =
      new StructType()
          .add(CacheTables.FEATURE_KEY, DataTypes.StringType)
          .add(Encoding.COLUMN, DataTypes.StringType)
          .add(LAYER, TensorColumn.TYPE);

  private final SparkSession spark = CacheFiles.session(Sessions.local());

  @TempDir Path folder;

  /** 40 rows of 2 MiB, 32 of them in a file of two row groups. */
  @Test
  void ofAFileOnlyTheRowGroupsAreReadThatHoldTheKeys() throws Exception {
    CacheTables tables = CacheTables.of(folder.toString());
    AppendOnce.create(spark, tables.featuresPath(), TYPE);
    Dataset<Row> rows =
        spark
            .range(0, 40, 1, 1)
            .map((MapFunction<Long, Row>) FeatureFilesTest::row, Encoders.row(TYPE));
    String key = CacheTables.FEATURE_KEY;
    new AppendOnce(spark, tables.featuresPath(), "run", key, key).append(rows);
    Read one = read(tables, List.of("k03"));
    assertThat(one.keys()).containsExactly("k03");
    assertThat(one.rows()).as("about 16 rows of 2 MiB are a row group").isBetween(1L, 20L);
    Read two = read(tables, List.of("k03", "k39"));
    assertThat(two.keys()).containsExactlyInAnyOrder("k03", "k39");
    assertThat(two.rows()).isGreaterThan(one.rows()).isLessThan(40);
  }

  private record Read(List<String> keys, long rows) {}

  private Read read(CacheTables tables, List<String> keys) throws Exception {
    var files = new FeatureFiles(spark, tables, List.of(LAYER));
    try (var staging = new Staging(spark, folder + "/staging")) {
      Dataset<Row> plan =
          spark.createDataset(keys, Encoders.STRING()).toDF(CacheTables.FEATURE_KEY);
      Dataset<Row> located = staging.put("plan", files.located(plan));
      List<ChunkedPass.Chunk> chunks = files.chunks(staging, "chunks", located, 512);
      assertThat(chunks).hasSize(1);
      Dataset<Row> found = chunks.get(0).work().get();
      var counted = new RowsRead();
      spark.sparkContext().addSparkListener(counted);
      List<String> names =
          found.select(CacheTables.FEATURE_KEY).as(Encoders.STRING()).collectAsList();
      spark.sparkContext().listenerBus().waitUntilEmpty();
      spark.sparkContext().removeSparkListener(counted);
      return new Read(names, counted.rows.get() - keys.size()); // the plan's own
    }
  }

  private static final class RowsRead extends SparkListener {
    private final AtomicLong rows = new AtomicLong();

    @Override
    public void onTaskEnd(SparkListenerTaskEnd end) {
      rows.addAndGet(end.taskMetrics().inputMetrics().recordsRead());
    }
  }

  private static Row row(long number) {
    var random = new Random(number);
    float[] data = new float[1 << 20];
    for (int i = 0; i < data.length; i++) {
      data[i] = random.nextFloat();
    }
    var tensor = new FloatTensor(new int[] {256, 64, 64}, data);
    return RowFactory.create(
        "k%02d".formatted(number), "fp16", TensorColumn.encode(tensor, DType.FP16));
  }
}
