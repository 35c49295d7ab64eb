package stillhouse.cache;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.apache.hadoop.conf.Configuration;
import org.apache.parquet.hadoop.ParquetFileReader;
import org.apache.parquet.hadoop.metadata.BlockMetaData;
import org.apache.parquet.hadoop.metadata.ColumnChunkMetaData;
import org.apache.parquet.hadoop.metadata.CompressionCodecName;
import org.apache.parquet.hadoop.util.HadoopInputFile;
import org.apache.spark.api.java.function.ForeachFunction;
import org.apache.spark.api.java.function.MapFunction;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.StructType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import stillhouse.Sessions;
import stillhouse.tensor.DType;
import stillhouse.tensor.FloatTensor;
import stillhouse.tensor.TensorColumn;

/** Rows of SAM 2's three maps in fp16, 8 MiB each, through a JVM whose whole heap is 1 GiB. */
class SmallHeapTest {
  private static final int ROWS = 240; // 1.9 GiB
  private static final StructType TYPE =
      new StructType()
          .add("feature_key", "string")
          .add("layer_embedding", TensorColumn.TYPE)
          .add("layer_high_res_0", TensorColumn.TYPE)
          .add("layer_high_res_1", TensorColumn.TYPE);

  @TempDir Path folder;

  @Test
  void aGibibyteOfHeapTakesRowsOfManyMegabytesAndGivesThemBack() throws Exception {
    Process writer =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx1g",
                "-XX:+UseSerialGC",
                "@" + arguments(),
                Writer.class.getName(),
                folder.resolve("table").toString())
            .redirectErrorStream(true)
            .redirectOutput(folder.resolve("log.txt").toFile())
            .start();
    assertThat(writer.waitFor(5, TimeUnit.MINUTES)).isTrue();
    assertThat(writer.exitValue())
        .as(() -> "the writer's end:\n" + tail(folder.resolve("log.txt")))
        .isZero();
    List<Path> files;
    try (var found = Files.list(folder.resolve("table"))) {
      files = found.filter(f -> f.toString().endsWith(".parquet")).toList();
    }
    long rows = 0;
    for (Path file : files) {
      rows += checked(file);
    }
    assertThat(rows).isEqualTo(ROWS);
  }

  private static long checked(Path file) throws IOException {
    var input =
        HadoopInputFile.fromPath(new org.apache.hadoop.fs.Path(file.toUri()), new Configuration());
    try (var reader = ParquetFileReader.open(input)) {
      for (BlockMetaData group : reader.getRowGroups()) {
        assertThat(group.getTotalByteSize()).isLessThanOrEqualTo(64L << 20);
        group.getColumns().stream()
            .filter(c -> c.getPath().toDotString().endsWith(".data"))
            .forEach(
                column -> {
                  assertThat(column.getCodec()).isEqualTo(CompressionCodecName.ZSTD);
                  assertThat(pages(reader, column)).isEqualTo(group.getRowCount());
                });
      }
      return reader.getRecordCount();
    }
  }

  private static long pages(ParquetFileReader reader, ColumnChunkMetaData column) {
    try {
      return reader.readOffsetIndex(column).getPageCount();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The class path and Spark's module options are longer than a command line may be. */
  private String arguments() throws IOException {
    Path file = folder.resolve("arguments.txt");
    var lines =
        new ArrayList<>(
            ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
                .filter(a -> a.startsWith("--add-"))
                .toList());
    lines.add("-cp");
    lines.add(
        "\""
            + System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"))
            + "\"");
    return Files.write(file, lines).toString();
  }

  private static String tail(Path log) {
    try {
      List<String> lines = Files.readAllLines(log);
      return String.join("\n", lines.subList(Math.max(0, lines.size() - 40), lines.size()));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Commits the rows and reads them back, each checked against its sum. */
  static final class Writer {
    public static void main(String[] args) {
      SparkSession spark = CacheFiles.session(Sessions.local());
      AppendOnce.create(spark, args[0], TYPE);
      Dataset<Row> rows =
          spark.range(0, ROWS, 1, 1).map((MapFunction<Long, Row>) Writer::row, Encoders.row(TYPE));
      new AppendOnce(spark, args[0], "run", "feature_key", "feature_key").append(rows);
      spark
          .read()
          .schema(TYPE)
          .parquet(CacheTables.delta(spark, args[0]).inputFiles())
          .foreach(
              (ForeachFunction<Row>) row -> TensorColumn.decode(row.getAs("layer_high_res_0")));
      spark.stop();
    }

    private static Row row(long seed) {
      return RowFactory.create(
          "key " + seed, map(seed, 256, 64), map(seed, 32, 256), map(seed, 64, 128));
    }

    private static Row map(long seed, int channels, int size) {
      float[] data = new float[channels * size * size];
      long state = seed;
      for (int i = 0; i < data.length; i++) {
        state = state * 6364136223846793005L + 1442695040888963407L; // noise that does not compress
        data[i] = (state >> 40) / 256f; // within fp16
      }
      return TensorColumn.encode(
          new FloatTensor(new int[] {channels, size, size}, data), DType.FP16);
    }
  }
}
