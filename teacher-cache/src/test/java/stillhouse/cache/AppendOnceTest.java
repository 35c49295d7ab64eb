package stillhouse.cache;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.apache.parquet.hadoop.ParquetFileReader;
import org.apache.parquet.hadoop.metadata.BlockMetaData;
import org.apache.parquet.hadoop.metadata.ColumnChunkMetaData;
import org.apache.parquet.hadoop.metadata.CompressionCodecName;
import org.apache.parquet.hadoop.util.HadoopInputFile;
import org.apache.spark.api.java.function.MapFunction;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.delta.DeltaConcurrentModificationException;
import org.apache.spark.sql.delta.OptimisticTransaction;
import org.apache.spark.sql.functions;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import stillhouse.Sessions;
import stillhouse.tensor.DType;
import stillhouse.tensor.FloatTensor;
import stillhouse.tensor.TensorColumn;

class AppendOnceTest {
  private static final StructType TYPE = new StructType().add("key", DataTypes.StringType);

  /** Per JVM, as tasks see copies. */
  private static final Set<String> INTRUDED = ConcurrentHashMap.newKeySet();

  private static SparkSession spark;

  @TempDir Path folder;

  @BeforeAll
  static void open() {
    spark = CacheFiles.session(Sessions.local());
  }

  @Test
  void rowsThatAreThereAreNotAppendedAgain() {
    String path = table(TYPE);
    assertThat(appender(path, "run").append(keys("a", "b"))).isEqualTo(2);
    assertThat(appender(path, "other run").append(keys("b", "c"))).isEqualTo(1);
    assertThat(appender(path, "third run").append(keys("a", "c"))).isZero();
    assertThat(appender(path, "empty").append(keys())).isZero();
    assertThat(stored(path)).containsExactly("a", "b", "c");
    assertThat(strayFiles(path)).isZero();
  }

  @Test
  void aCommitWhoseAcknowledgementWasLostIsKnownToHaveBeenMade() {
    String path = table(TYPE);
    var once = appender(path, "run");
    Transactions.Written written = once.write(keys("a", "b"));
    once.commit(once.ask(), written.files(), 1);
    assertThat(once.append(written)).isEqualTo(2);
    assertThat(once.append(keys("c"))).as("the next number").isEqualTo(1);
    assertThat(stored(path)).containsExactly("a", "b", "c");
    assertThat(strayFiles(path)).isZero();
  }

  @Test
  void writtenRowsAreNobodysUntilTheyAreAppended() {
    String path = table(TYPE);
    var once = appender(path, "run");
    Transactions.Written written = once.write(keys("a", "b"));
    assertThat(stored(path)).isEmpty();
    assertThat(written.rows()).isEqualTo(2);
    assertThat(strayFiles(path)).isOne();
    once.discard(written);
    assertThat(strayFiles(path)).isZero();
  }

  @Test
  void aTableIsMadeOnceAndWithoutDeletionVectors() {
    String path = table(TYPE);
    AppendOnce.create(spark, path, TYPE);
    assertThat(CacheTables.version(spark, path)).isZero();
    Row detail = io.delta.tables.DeltaTable.forPath(spark, path).detail().first();
    assertThat(detail.getJavaMap(detail.fieldIndex("properties")))
        .isEqualTo(java.util.Map.of("delta.enableDeletionVectors", "false"));
  }

  @Test
  void aTableGetsTheColumnsOfEachThatWritesIt() {
    String path = table(TYPE.add("one", TensorColumn.TYPE));
    AppendOnce.create(spark, path, TYPE.add("two", DataTypes.LongType));
    StructType inner = new StructType().add("a", DataTypes.LongType);
    AppendOnce.create(spark, path, TYPE.add("three", inner));
    AppendOnce.create(spark, path, TYPE.add("three", inner.add("b", DataTypes.LongType)));
    assertThat(CacheTables.delta(spark, path).schema().fieldNames())
        .containsExactly("key", "one", "two", "three");
    assertThat(CacheTables.delta(spark, path).select("three.*").columns())
        .containsExactly("a", "b");
  }

  @Test
  void refusesATableWhoseColumnIsOfAnotherType() {
    String path = table(TYPE.add("of", DataTypes.IntegerType));
    assertThatThrownBy(() -> AppendOnce.create(spark, path, TYPE.add("of", DataTypes.LongType)))
        .hasMessage(
            "Cannot write to "
                + path
                + ": its column 'of' is int, this version of Stillhouse writes bigint. Use the"
                + " version that made the table, or another --root.");
  }

  @Test
  void readsOnlyTheFilesThatCanHoldItsKeys() {
    String path = table(TYPE);
    appender(path, "run").append(keys("a", "c"));
    appender(path, "run 2").append(keys("m", "p"));
    Dataset<Row> missing = appender(path, "run 3").missing(keys("n", "p"));
    assertThat(missing.as(Encoders.STRING()).collectAsList()).containsExactly("n");
    assertThat(missing.inputFiles()).hasSize(1);
    assertThat(CacheTables.delta(spark, path).inputFiles()).hasSize(2);
  }

  @Test
  void aTableOfBeforeAKeyCameGetsIt() {
    String path = table(TYPE);
    appender(path, "run").append(keys("a"));
    AppendOnce.create(spark, path, TYPE.add("settings", DataTypes.StringType));
    var later = new AppendOnce(spark, path, "run 2", "key", "key", "settings");
    Dataset<Row> row = keys("a").withColumn("settings", functions.lit("s"));
    assertThat(later.append(row)).isEqualTo(1);
    assertThat(later.append(row)).isZero();
    assertThat(stored(path, "key || coalesce(settings, '')")).containsExactly("a", "as");
  }

  /** Nightly files of two teachers, all of the same range of keys. */
  @Test
  void readsNoFilesOfAnotherTeacher() {
    StructType type = TYPE.add("teacher", DataTypes.StringType);
    String path = table(type);
    for (String teacher : List.of("one", "two", "two")) {
      keys("a" + teacher, "z" + teacher)
          .withColumn("teacher", functions.lit(teacher))
          .write()
          .format("delta")
          .mode("append")
          .save(path);
    }
    Dataset<Row> missing =
        appender(path, "run")
            .among(functions.col("teacher").equalTo("one"))
            .missing(keys("aone", "b"));
    assertThat(missing.as(Encoders.STRING()).collectAsList()).containsExactly("b");
    assertThat(missing.inputFiles()).hasSize(1);
  }

  /** To a table of whose files none can hold one of them. */
  @Test
  void aKeyThatAnotherWriterCommitsMeanwhileIsNotDoubled() {
    String path = table(TYPE);
    appender(path, "long ago").append(keys("x", "y"));
    INTRUDED.clear();
    Dataset<Row> interrupted =
        keys("a", "b")
            .map(
                (MapFunction<Row, Row>)
                    row -> {
                      if (INTRUDED.add(path)) {
                        intrude(path);
                      }
                      return row;
                    },
                Encoders.row(TYPE));
    var once = appender(path, "run");
    assertThat(once.append(once.write(interrupted))).as("what it wrote itself").isEqualTo(1);
    assertThat(stored(path)).containsExactly("a", "b", "x", "y");
    assertThat(strayFiles(path)).isZero();
  }

  @Test
  void aCommitIsRefusedWhereAnotherCameAfterTheTableWasAsked() {
    String path = table(TYPE);
    appender(path, "long ago").append(keys("x", "y"));
    var once = appender(path, "run");
    Transactions.Written written = once.write(keys("a", "b"));
    OptimisticTransaction asked = once.ask();
    intrude(path);
    assertThatThrownBy(() -> once.commit(asked, written.files(), 1))
        .isInstanceOf(DeltaConcurrentModificationException.class);
    assertThat(once.append(written)).isEqualTo(1);
    assertThat(stored(path)).containsExactly("a", "b", "x", "y");
  }

  private static void intrude(String path) {
    var thread = new Thread(() -> appender(path, "intruder").append(keys("a")), "intruder");
    thread.start();
    try {
      thread.join();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  /** 40 rows of 2 MiB that don't compress, 32 at most in the first file. */
  @Test
  void aPageHoldsOneTensorAndARowGroupFewMegabytes() throws Exception {
    StructType type = TYPE.add("tensor", TensorColumn.TYPE);
    String path = table(type);
    Dataset<Row> rows =
        spark
            .range(0, 40, 1, 1)
            .map((MapFunction<Long, Row>) AppendOnceTest::tensor, Encoders.row(type));
    assertThat(appender(path, "run").append(rows)).isEqualTo(40);
    for (String file : CacheTables.delta(spark, path).inputFiles()) {
      var input =
          HadoopInputFile.fromPath(
              new org.apache.hadoop.fs.Path(java.net.URI.create(file)), new Configuration());
      try (var reader = ParquetFileReader.open(input)) {
        for (BlockMetaData block : reader.getFooter().getBlocks()) {
          assertThat(block.getTotalByteSize()).isLessThanOrEqualTo(64L << 20);
          ColumnChunkMetaData data =
              block.getColumns().stream()
                  .filter(c -> c.getPath().toDotString().equals("tensor.data"))
                  .findFirst()
                  .orElseThrow();
          assertThat(data.getCodec()).isEqualTo(CompressionCodecName.ZSTD);
          assertThat(reader.readOffsetIndex(data).getPageCount()).isEqualTo(block.getRowCount());
        }
      }
    }
  }

  private static Row tensor(long seed) {
    var random = new Random(seed);
    float[] data = new float[1 << 20];
    for (int i = 0; i < data.length; i++) {
      data[i] = random.nextFloat();
    }
    var tensor = new FloatTensor(new int[] {256, 64, 64}, data);
    return RowFactory.create("key " + seed, TensorColumn.encode(tensor, DType.FP16));
  }

  private String table(StructType type) {
    String path = folder.resolve("table").toString();
    AppendOnce.create(spark, path, type);
    return path;
  }

  private static AppendOnce appender(String path, String app) {
    return new AppendOnce(spark, path, app, "key", "key");
  }

  /** Files of rows that the table does not know of. */
  private static long strayFiles(String path) {
    long live = CacheTables.delta(spark, path).inputFiles().length;
    try (Stream<Path> files = Files.list(Path.of(path))) {
      long ofNoRows = 1; // of the table's making
      return files.filter(file -> file.toString().endsWith(".parquet")).count() - live - ofNoRows;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static Dataset<Row> keys(String... keys) {
    return spark.createDataset(List.of(keys), Encoders.STRING()).toDF("key").repartition(1);
  }

  private static List<String> stored(String path) {
    return stored(path, "key");
  }

  private static List<String> stored(String path, String column) {
    return CacheTables.delta(spark, path)
        .selectExpr(column + " AS stored")
        .orderBy("stored")
        .as(Encoders.STRING())
        .collectAsList();
  }
}
