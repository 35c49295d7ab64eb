package stillhouse.cache;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import stillhouse.Sessions;
import stillhouse.data.DatasetConfig;
import stillhouse.teacher.TeacherSource;
import stillhouse.tensor.DType;
import stillhouse.tensor.FloatTensor;

/** The lines of NumPy that docs/formats.md gives, run as they stand there. */
class DocumentedReaderTest {
  private static final TeacherSource TEACHER = InMemoryTeacher.encoder("e");
  private static SparkSession spark;

  @TempDir Path folder;

  @BeforeAll
  static void open() {
    spark = Sessions.local();
  }

  @ParameterizedTest
  @CsvSource({"FP32, false", "FP16, false", "INT8, false", "FP16, true", "INT8, true"})
  void readsWhatTheCacheHolds(DType type, boolean projected) throws Exception {
    Workspace workspace = new Workspace(spark, folder).add("the image", 5, null).write();
    var projection = new DatasetConfig.Projection(2, 1, List.of());
    var plain = new DatasetConfig.Cache(type, 2);
    DatasetConfig.Cache cache = projected ? plain.withProjection(projection) : plain;
    workspace
        .refresh(Progress.NONE)
        .run(spark, workspace.root(), TEACHER, null, new CacheOptions(cache, 10, 1));

    Row row = workspace.tables().features(spark).first();
    FloatTensor map =
        Projections.encoding(spark, workspace.root(), cache, TEACHER.spec())
            .restored("Embedding.0", row);
    double mean = 0;
    for (float value : map.data()) {
      mean += value / map.data().length;
    }
    double squares = 0;
    for (float value : map.data()) {
      squares += (value - mean) * (value - mean) / map.data().length;
    }
    assertThat(python())
        .isEqualTo(
            String.format(
                Locale.ROOT,
                "e %s (3, 4, 6) crc32c %08x mean %.4f, std %.4f",
                type.text(),
                row.<Row>getAs("layer_embedding_0").<Long>getAs("crc32c"),
                mean,
                Math.sqrt(squares)));
  }

  private String python() throws IOException, InterruptedException {
    Path script = Files.writeString(folder.resolve("read.py"), documented());
    Process python =
        new ProcessBuilder(
                Path.of(System.getenv("STILLHOUSE_VENV"), "bin", "python").toString(),
                script.toString())
            .directory(folder.toFile())
            .redirectErrorStream(true)
            .start();
    String said = new String(python.getInputStream().readAllBytes()).strip();
    assertThat(python.waitFor()).as(said).isZero();
    return said;
  }

  /** The section's code, with this teacher's name for its embedding. */
  private static String documented() throws IOException {
    String page = Files.readString(Path.of("..", "docs", "formats.md"));
    String section =
        page.substring(page.indexOf("## Reading a cached"), page.indexOf("prints, on a small"));
    return section
        .lines()
        .filter(line -> line.startsWith("    "))
        .map(line -> line.substring(4))
        .collect(Collectors.joining("\n"))
        .replace("\"layer_embedding\"", "\"layer_embedding_0\"")
        .replace("get(\"embedding\")", "get(\"Embedding.0\")");
  }
}
