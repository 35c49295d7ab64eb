package stillhouse.cache;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.commons.io.FileUtils;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import stillhouse.Sessions;
import stillhouse.conf.ConfigException;
import stillhouse.data.DatasetConfig;
import stillhouse.structure.StructureTensor;
import stillhouse.teacher.TeacherSource;
import stillhouse.tensor.DType;
import stillhouse.tensor.FloatTensor;
import stillhouse.tensor.Half;
import stillhouse.tensor.Resize;
import stillhouse.tensor.TensorColumn;

/** Caches whose embedding, 3 channels of 6×4 cells, is stored as its 2 leading ones. */
class ProjectionFitTest {
  private static final String LAYER = "Embedding.0";
  private static final DatasetConfig.Cache CACHE = projected(2, 3);
  private static final TeacherSource ENCODER = InMemoryTeacher.encoder("e");
  private static final UnstorableTest.NinthClass PLAN = new UnstorableTest.NinthClass();
  private static SparkSession spark;
  private static Workspace filled;
  private static CacheReport fill;
  private static int asked;

  @TempDir static Path shared;
  @TempDir Path folder;

  /** Six images, three of which are the sample. */
  @BeforeAll
  static void fill() {
    spark = Sessions.local();
    InMemoryTeacher.ENCODED.set(0);
    filled = images(shared.resolve("a"), 6).write();
    fill = run(filled, ENCODER, 1);
    asked = InMemoryTeacher.ENCODED.get();
  }

  @BeforeEach
  void reset() {
    InMemoryTeacher.ENCODED.set(0);
  }

  @Test
  void theTeacherIsAskedOnceAboutEachImage() {
    assertThat(fill.features()).isEqualTo(new CacheReport.Pass(6, 0));
    assertThat(asked).as("3 sampled, 3 others, batches of 3").isEqualTo(6);

    Encoding encoding = encoding(filled);
    Projection projection = encoding.projection(LAYER).orElseThrow();
    assertThat(projection.channels()).isEqualTo(3);
    assertThat(projection.dimensions()).isEqualTo(2);
    assertThat(projection.explained()).isBetween(0.5, 0.9999);
    String key = keys(encoding).featureKey(Workspace.sha(2));
    Row row = filled.tables().features(spark).where("feature_key = '" + key + "'").first();
    assertThat(row.<String>getAs("encoding"))
        .isEqualTo("int8 Embedding.0=" + encoding.projections().get(LAYER).rule());
    FloatTensor said = InMemoryTeacher.planes(Workspace.image(2), 3, 1f / 7);
    FloatTensor z = TensorColumn.decode(TensorColumn.encode(projection.project(said), DType.INT8));
    assertThat(encoding.stored(LAYER, row).data()).isEqualTo(z.data());
    assertThat(encoding.restored(LAYER, row).data()).isEqualTo(projection.restore(z).data());
  }

  @Test
  void rowsAreTheSameWhetherTheirImagesWereSampledOrNot() throws IOException {
    Workspace second = workspace("b", 6);
    FileUtils.copyDirectory(
        new java.io.File(filled.tables().projectionsPath()),
        new java.io.File(second.tables().projectionsPath()));
    run(second, ENCODER, 2);
    for (String table : List.of("features", "structure")) {
      assertThat(rows(second, table)).isEqualTo(rows(filled, table)).hasSize(6);
    }
  }

  @Test
  void theSameImagesGiveTheSameBitsOverAnyNumberOfTasks() {
    Workspace second = workspace("b", 6);
    run(second, ENCODER, 2);
    assertThat(encoding(second)).isEqualTo(encoding(filled));
    assertThat(rows(second, "features")).isEqualTo(rows(filled, "features"));
  }

  @Test
  void aLaterRefreshKeepsTheProjectionAndNoneFitsItAgain() throws IOException {
    FileUtils.copyDirectory(shared.toFile(), folder.toFile());
    Workspace workspace = images(folder.resolve("a"), 6);
    IntStream.range(10, 16).forEach(seed -> workspace.add("new " + seed, seed, null));
    CacheReport report = run(workspace.write(), ENCODER, 1);
    assertThat(report.features()).isEqualTo(new CacheReport.Pass(6, 6));
    assertThat(encoding(workspace)).isEqualTo(encoding(filled));
    assertThat(InMemoryTeacher.ENCODED).as("no sample again").hasValue(6);

    FileUtils.deleteDirectory(new java.io.File(workspace.tables().projectionsPath()));
    assertThatThrownBy(() -> run(workspace, ENCODER, 1))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("holds rows that were stored through one")
        .hasMessageContaining("Restore that folder");
  }

  @Test
  void decodersReadWhatIsStoredRestoredAndStructureReadsItAsItIs() {
    Workspace workspace = workspace("a", 3);
    TeacherSource teacher = InMemoryTeacher.promptable("p");
    run(workspace, teacher, 1);
    Encoding encoding = Projections.encoding(spark, workspace.root(), CACHE, teacher.spec());
    Row features = workspace.tables().features(spark).orderBy("feature_key").first();
    assertThat(TensorColumn.decode(features.getAs("layer_high_res_0")).shape())
        .as("a layer that is not projected")
        .containsExactly(1, 4, 6);
    String own = "feature_key = '" + features.getAs("feature_key") + "'";
    Row answer = workspace.tables().answers(spark).where(own).first();
    FloatTensor restored = encoding.restored(LAYER, features);
    float[] decoded = new float[24]; // the in-memory decoder: channel 0 times the class, here 1
    System.arraycopy(restored.data(), 0, decoded, 0, 24);
    assertThat(TensorColumn.decode(answer.getAs("logits")).data())
        .isEqualTo(Half.decode(Half.encode(decoded)));
    Row structure = workspace.tables().structure(spark).where(own).first();
    assertThat(TensorColumn.decode(structure.getAs("e")).data())
        .isEqualTo(StructureTensor.maps(encoding.stored(LAYER, features), 2).e().data());
  }

  @Test
  void viewsHoldAllChannelsOnTheirOwnGrid() {
    Encoding encoding = encoding(filled);
    var request = new ViewRequest(List.of("a"), 4, 6, 2, 3, 4, 6, 64, 1, Map.of("teacher", "t"));
    var rows = ViewRows.cached(spark, filled.root(), keys(encoding), request);
    assertThat(rows.schema().apply("embedding").metadata().getLong(ViewRows.CHANNELS)).isEqualTo(3);
    Row row = rows.where("sample_id = 'image 2'").first();
    Row features =
        filled
            .tables()
            .features(spark)
            .where("feature_key = '" + row.getAs("feature_key") + "'")
            .first();
    FloatTensor onGrid = Resize.area(encoding.stored(LAYER, features), 2, 3);
    assertThat(TensorColumn.decode(row.getAs("embedding")).data())
        .isEqualTo(Half.decode(Half.encode(encoding.restored(LAYER, onGrid).data())));
  }

  @Test
  void verifyAsksAgainThroughTheWorkspacesOwnProjection() {
    var asked =
        new CacheVerify.Asked(
            ENCODER,
            null,
            new CacheOptions(CACHE, 100, 1),
            filled.refresh(Progress.NONE),
            2,
            "seed");
    VerifyReport report = CacheVerify.run(spark, filled.root(), Optional.of(asked));
    assertThat(report.passed()).isTrue();
    assertThat(report.recomputed())
        .contains(new VerifyReport.Recomputed("seed", 2, 4, 0, 0, List.of()));
  }

  @Test
  void ofSeveralFittersTheFirstIsUsedByAll() throws IOException {
    CacheTables tables = CacheTables.of(folder.toString());
    ProjectionRule rule = ProjectionRule.of(CACHE.projection(), ENCODER.spec()).get(0);
    List<Encoding.Fitted> used =
        IntStream.range(0, 8)
            .parallel()
            .mapToObj(i -> Projections.of(tables, spark).publish(rule, projection(i), 3, 72))
            .distinct()
            .toList();
    assertThat(used).hasSize(1);
    assertThat(Projections.of(tables, spark).find(rule)).contains(used.get(0));
    try (Stream<Path> files = Files.list(Path.of(tables.projectionsPath(), rule.digest().hex()))) {
      assertThat(files.map(f -> f.getFileName().toString()))
          .as("the losers' files are gone")
          .filteredOn(name -> !name.startsWith("."))
          .hasSize(2)
          .contains("projection.json");
    }
  }

  @Test
  void refusesNumbersThatWereNotWritten() throws IOException {
    CacheTables tables = CacheTables.of(folder.toString());
    ProjectionRule rule = ProjectionRule.of(CACHE.projection(), ENCODER.spec()).get(0);
    Projections kept = Projections.of(tables, spark);
    kept.publish(rule, projection(1), 3, 72);
    Path own = Path.of(tables.projectionsPath(), rule.digest().hex());
    try (Stream<Path> files = Files.list(own)) {
      Path matrix = files.filter(f -> f.toString().endsWith(".npy")).findFirst().orElseThrow();
      byte[] bytes = Files.readAllBytes(matrix);
      bytes[bytes.length - 1] ^= 1;
      Files.write(matrix, bytes);
      Files.deleteIfExists(own.resolve("." + matrix.getFileName() + ".crc")); // Hadoop's own sum
    }
    assertThatThrownBy(() -> kept.find(rule))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("projection.json: its numbers' digest is ")
        .hasMessageContaining("written was " + projection(1).digest())
        .hasMessageEndingWith(" is damaged: restore it.");
  }

  /** It would be what the cache is stored through for good. */
  @Test
  void isNotFittedToWhateverCouldBeRead() throws IOException {
    Workspace workspace = workspace("a", 3).damage("image 1");
    assertThatThrownBy(() -> run(workspace, ENCODER, 1))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageStartingWith(
            "Cannot fit a projection of layer 'Embedding.0': of 3 sampled images the teacher could"
                + " encode 2 (must be 90 %), for example not [")
        .hasMessageContaining("image 1]: image unreadable: ")
        .hasMessageContaining("its bytes have changed. Nothing was stored.");
    assertThat(workspace.tables().features(spark).isEmpty()).isTrue();
    assertThat(Path.of(workspace.tables().projectionsPath())).doesNotExist();
  }

  @Test
  void refusesWhatCannotBeFitted() {
    Workspace workspace = workspace("a", 3);
    assertThatThrownBy(() -> run(workspace, ENCODER, projected(4, 3), 1))
        .hasStackTraceContaining(
            "ConfigException: Invalid cache.projection: layer 'Embedding.0' of teacher e is"
                + " FloatTensor[3, 4, 6] and 4 channels are asked for");
    var neck = new DatasetConfig.Projection(2, 3, List.of("neck"));
    var other = new DatasetConfig.Cache(DType.INT8, 2).withProjection(neck);
    assertThatThrownBy(() -> run(workspace, ENCODER, other, 1))
        .isInstanceOf(ConfigException.class)
        .hasMessage(
            "Invalid cache.projection.layers: 'neck' is no feature map of teacher e (it has"
                + " Embedding.0)");
    var logits = new DatasetConfig.Projection(2, 3, List.of("logits"));
    var classes = new DatasetConfig.Cache(DType.INT8, 2).withProjection(logits);
    assertThatThrownBy(() -> run(workspace, InMemoryTeacher.segmenter("s"), classes, 1))
        .hasMessageContaining("'logits' is no feature map of teacher s (it has Embedding.0)");
    assertThatThrownBy(() -> encoding(workspace))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining("to 2 channels that ")
        .hasMessageEndingWith("does not hold yet. Run the cache job.");
    assertThatThrownBy(() -> CacheKeys.of(ENCODER.spec(), null, new CacheOptions(CACHE, 100, 1)))
        .hasMessageContaining("has no numbers before it is fitted");
  }

  @Test
  void ofABigMapAsManyCellsAreDrawnByItsKey() {
    float[] data = new float[2 * 40 * 40];
    for (int i = 0; i < data.length; i++) {
      data[i] = i;
    }
    var map = new FloatTensor(new int[] {2, 40, 40}, data);
    FloatTensor drawn = Cells.drawn(Workspace.sha(1), map);
    assertThat(drawn.shape()).containsExactly(2, ProjectionRule.POSITIONS);
    assertThat(drawn.data()).as("distinct, in order").isSorted().doesNotHaveDuplicates();
    for (int i = 0; i < ProjectionRule.POSITIONS; i++) {
      assertThat(drawn.data()[ProjectionRule.POSITIONS + i]).isEqualTo(drawn.data()[i] + 1600);
    }
    assertThat(Cells.drawn(Workspace.sha(1), map).data()).isEqualTo(drawn.data());
    assertThat(Cells.drawn(Workspace.sha(2), map).data()).isNotEqualTo(drawn.data());
    var small = new FloatTensor(new int[] {2, 1, 2}, new float[] {1, 2, 3, 4});
    assertThat(Cells.drawn(Workspace.sha(1), small).data()).containsExactly(1, 2, 3, 4);
  }

  static DatasetConfig.Cache projected(int channels, int sample) {
    var projection = new DatasetConfig.Projection(channels, sample, List.of());
    return new DatasetConfig.Cache(DType.INT8, 2).withProjection(projection);
  }

  private static Projection projection(int seed) {
    FloatTensor map = InMemoryTeacher.planes(Workspace.image(seed), 3, 1f / 7);
    return Pca.projection(new Moments(3).observe(map.data()), 2);
  }

  private Workspace workspace(String name, int images) {
    return images(folder.resolve(name), images).write();
  }

  private static Workspace images(Path root, int images) {
    var workspace = new Workspace(spark, root);
    IntStream.range(0, images).forEach(seed -> workspace.add("image " + seed, seed, null));
    return workspace;
  }

  private static CacheReport run(Workspace workspace, TeacherSource teacher, int tasks) {
    return run(workspace, teacher, CACHE, tasks);
  }

  private static CacheReport run(
      Workspace workspace, TeacherSource teacher, DatasetConfig.Cache cache, int tasks) {
    return workspace
        .refresh(Progress.NONE)
        .run(spark, workspace.root(), teacher, PLAN, new CacheOptions(cache, 100, tasks));
  }

  private static Encoding encoding(Workspace workspace) {
    return Projections.encoding(spark, workspace.root(), CACHE, ENCODER.spec());
  }

  private static CacheKeys keys(Encoding encoding) {
    return CacheKeys.of(ENCODER.spec(), null, encoding, 2);
  }

  /** Without their sample's name, which the images' folder is part of. */
  private static List<String> rows(Workspace workspace, String table) {
    return CacheTables.delta(spark, workspace.root() + "/cache/" + table)
        .orderBy("feature_key")
        .toJSON()
        .collectAsList();
  }
}
