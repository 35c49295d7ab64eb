package stillhouse.predict;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import stillhouse.data.ClassMask;
import stillhouse.data.Tile;
import stillhouse.metrics.ImageCounts;
import stillhouse.predict.PredictionSet.Missing;

/** Masks that NumPy, OpenCV and pycocotools wrote: {@code reference/predictions/predictions.py}. */
class PredictionSetTest {
  private static final Path REFERENCE = Path.of("src/test/resources/reference/predictions");
  private static final int CLASSES = 2;
  private static final StructType SCHEMA =
      new StructType()
          .add("sample_id", DataTypes.StringType)
          .add("group_id", DataTypes.StringType)
          .add("image_uri", DataTypes.StringType)
          .add("content_sha256", DataTypes.StringType)
          .add("mask", DataTypes.BinaryType)
          .add("tile", Tile.TYPE)
          .add("counted", Tile.TYPE);

  private static SparkSession spark;
  @TempDir Path folder;

  @BeforeAll
  static void start() {
    spark = LocalSpark.open(2, 1);
  }

  @AfterAll
  static void stop() {
    spark.stop();
  }

  private static Dataset<Row> samples() throws IOException {
    List<Row> rows = new ArrayList<>();
    for (int i = 0; i < 5; i++) {
      byte[] truth = Files.readAllBytes(REFERENCE.resolve("truth/00" + i + ".png"));
      rows.add(
          RowFactory.create("s" + i, null, "mem:/of/00" + i + ".jpg", "c" + i, truth, null, null));
    }
    return spark.createDataFrame(rows, SCHEMA);
  }

  private static PredictionSet open(Path place, Missing missing) throws IOException {
    return PredictionSet.of(spark, place.toAbsolutePath().toString(), samples(), missing);
  }

  private EvaluationResult score(PredictionSet set) {
    return new Evaluation(List.of("red", "green"), folder.resolve("table").toString())
        .runMasks(spark, set.rows(), set.masks(spark, CLASSES));
  }

  private Map<String, ImageCounts> counts(Path place) throws IOException {
    try (PredictionSet set = open(place, Missing.REFUSE)) {
      score(set);
      assertThat(set.remarks()).isEmpty();
    }
    Map<String, ImageCounts> found = new TreeMap<>();
    for (Row row : spark.read().parquet(folder.resolve("table").toString()).collectAsList()) {
      found.put("00" + row.<String>getAs("sample_id").substring(1), ImageTable.counts(row));
    }
    return found;
  }

  @ParameterizedTest
  @CsvSource({
    "png, masks",
    "npy, npy",
    "logits, logits",
    "masks.npz, masks",
    "results.json, results"
  })
  void scoresWhatTheToolsThatWroteItCount(String place, String form) throws IOException {
    JsonNode expected = new ObjectMapper().readTree(REFERENCE.resolve("expected.json").toFile());
    Map<String, ImageCounts> found = counts(REFERENCE.resolve(place));
    assertThat(found).hasSize(5);
    found.forEach(
        (image, counts) ->
            assertThat(counts.toArray())
                .as("%s of %s", image, place)
                .containsExactly(flat(expected.get(form).get(image))));
  }

  private static long[] flat(JsonNode counts) {
    List<Long> flat = new ArrayList<>();
    counts.forEach(kind -> kind.forEach(of -> of.forEach(n -> flat.add(n.longValue()))));
    return flat.stream().mapToLong(n -> n).toArray();
  }

  @Test
  void aTileHasItsPartOfTheFramesMask() throws IOException {
    ClassMask truth = Drawn.decode(Files.readAllBytes(REFERENCE.resolve("truth/001.png")));
    List<Row> tiles = new ArrayList<>();
    for (int y : new int[] {0, 32}) {
      Tile tile = new Tile(0, y, 20, 32);
      Row place = RowFactory.create(0, y, 20, 32);
      byte[] own = Drawn.png(tile.cut(truth));
      tiles.add(RowFactory.create("t" + y, null, "mem:/001.png", "c", own, place, place));
    }
    Dataset<Row> rows = spark.createDataFrame(tiles, SCHEMA);
    try (var set =
        PredictionSet.of(
            spark, REFERENCE.resolve("png").toAbsolutePath().toString(), rows, Missing.REFUSE)) {
      EvaluationResult result = score(set);
      JsonNode whole = new ObjectMapper().readTree(REFERENCE.resolve("expected.json").toFile());
      JsonNode area = whole.get("masks").get("001").get(0);
      for (int c = 0; c <= CLASSES; c++) {
        assertThat(result.counts().area(c).intersection()).isEqualTo(area.get(c).get(0).asLong());
        assertThat(result.counts().area(c).predicted()).isEqualTo(area.get(c).get(1).asLong());
      }
      assertThat(set.remarks()).isEqualTo("4 predictions of no image of the split");
    }
  }

  private Path copy(String... names) throws IOException {
    Path some = Files.createDirectory(folder.resolve("some"));
    for (String name : names) {
      Files.copy(REFERENCE.resolve("png").resolve(name), some.resolve(name));
    }
    return some;
  }

  @Test
  void anImageWithoutAPredictionIsRefusedOrEmptyAndCounted() throws IOException {
    Path some = copy("000.png", "001.png", "002.png", "003.png");
    Files.writeString(some.resolve("notes.txt"), "beside");
    assertThatThrownBy(() -> open(some, Missing.REFUSE))
        .hasMessageContaining("1 images have none, as [mem:/of/004.jpg]")
        .hasMessageContaining("--missing empty");
    try (PredictionSet set = open(some, Missing.EMPTY)) {
      assertThat(set.remarks())
          .isEqualTo("1 images without a prediction scored as empty, 1 other files passed over");
      assertThat(score(set).images()).isEqualTo(5);
    }
  }

  @Test
  void namesThatTwoFilesShareAreRefused() throws IOException {
    Path some = copy("000.png", "001.png");
    Files.copy(REFERENCE.resolve("npy/001.npy"), some.resolve("1.npy"));
    assertThatThrownBy(() -> open(some, Missing.EMPTY))
        .hasMessageContaining("predictions share the name 1: [")
        .hasMessageContaining("rename them");
  }

  @Test
  void aFolderOfOtherImagesIsRefusedWithBothSidesNames() throws IOException {
    Path some = Files.createDirectory(folder.resolve("others"));
    Files.copy(REFERENCE.resolve("png/000.png"), some.resolve("part-a.png"));
    assertThatThrownBy(() -> open(some, Missing.EMPTY))
        .hasMessageContaining("none of its 1 is of an image, as [part-a.png]")
        .hasMessageContaining(".jpg");
    assertThatThrownBy(() -> open(folder.resolve("nowhere"), Missing.EMPTY))
        .hasStackTraceContaining("nowhere: there is no such file");
  }

  @Test
  void aMaskThatDoesNotFitFailsTheJobByItsName() throws IOException {
    Path some = copy("000.png", "001.png", "002.png", "003.png");
    Files.copy(REFERENCE.resolve("png/003.png"), some.resolve("004.png"));
    try (PredictionSet set = open(some, Missing.REFUSE)) {
      assertThatThrownBy(() -> score(set))
          .hasStackTraceContaining("prediction 004.png: it is 30×30, the image 41×50");
    }
  }
}
