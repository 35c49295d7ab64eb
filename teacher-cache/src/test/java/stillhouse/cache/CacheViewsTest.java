package stillhouse.cache;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import stillhouse.Sessions;
import stillhouse.data.ClassMask;
import stillhouse.data.ImageCodec;
import stillhouse.data.RgbImage;
import stillhouse.data.View;
import stillhouse.identity.Sha256;
import stillhouse.teacher.InputConfig;
import stillhouse.teacher.LabelBoxes;
import stillhouse.teacher.MapExtent;
import stillhouse.teacher.TeacherSource;
import stillhouse.teacher.TeacherSpec;
import stillhouse.tensor.DType;
import stillhouse.tensor.FloatTensor;
import stillhouse.tensor.Half;
import stillhouse.tensor.Resize;
import stillhouse.tensor.TensorColumn;

class CacheViewsTest {
  private static final List<View> VIEWS =
      List.of(View.IDENTITY, View.FLIP_HORIZONTAL, View.TURN_90);
  private static final CacheOptions PLAIN = new CacheOptions(DType.FP16, 2, 100, 2);
  private static final CacheOptions OPTIONS = PLAIN.withViews(VIEWS);
  private static SparkSession spark;

  @TempDir Path folder;

  @BeforeAll
  static void open() {
    spark = Sessions.local();
  }

  /** Made of its parts by a program of its own: {@code feature_key_reference.py}. */
  @Test
  void theKeyOfAnImageAsItIsStaysWhatItWas() {
    CacheKeys keys = CacheKeys.of(InMemoryTeacher.segmenter("a").spec(), null, PLAIN);
    String content = Sha256.of("content".getBytes(StandardCharsets.UTF_8)).hex();
    String frozen = "ebc860f569cb542ee056995d7dcdf4f24871594e4a0b515ae35fea70ce19ff00";
    assertThat(keys.featureKey(content)).isEqualTo(frozen);
    assertThat(keys.featureKey(content, View.IDENTITY)).isEqualTo(frozen);
    assertThat(VIEWS.stream().map(view -> keys.featureKey(content, view))).doesNotHaveDuplicates();
  }

  @Test
  void asksTheTeacherAboutEachViewOfATrainingImage() throws IOException {
    Workspace workspace = new Workspace(spark, folder);
    workspace.add("one", 1, null).add("two", 2, null).add("three", 3, null, "test");
    workspace.add("bad", 4, null).damage("bad").write();
    TeacherSource teacher = InMemoryTeacher.segmenter("a");
    CacheReport plain = run(workspace, teacher, PLAIN);
    assertThat(plain.views()).isEqualTo(Map.of(View.IDENTITY, 3L));

    CacheReport report = run(workspace, teacher, OPTIONS);
    assertThat(List.of(report.samples(), report.cached(), report.quarantined()))
        .containsExactly(4L, 3L, 1L);
    assertThat(report.views())
        .isEqualTo(Map.of(View.IDENTITY, 3L, View.FLIP_HORIZONTAL, 2L, View.TURN_90, 2L));
    assertThat(List.of(report.features(), report.answers(), report.structure()))
        .containsOnly(new CacheReport.Pass(4, 3));
    assertThat(
            CacheTables.delta(spark, workspace.tables().quarantinePath())
                .select("reason")
                .collectAsList())
        .as("under the key of each view, once")
        .extracting(row -> row.getString(0))
        .hasSize(3)
        .containsOnly("image unreadable");

    CacheKeys keys = CacheKeys.of(teacher.spec(), null, OPTIONS);
    RgbImage image = Workspace.image(2);
    for (View view : VIEWS) {
      String key = keys.featureKey(Sha256.of(image.rgb()).hex(), view);
      Row row = workspace.tables().features(spark).where("feature_key = '" + key + "'").first();
      assertThat(row.<String>getAs("view")).isEqualTo(view.text());
      FloatTensor said = InMemoryTeacher.planes(view.of(image), 3, 1f / 7);
      FloatTensor stored = TensorColumn.decode(row.getAs("layer_embedding_0"));
      assertThat(stored.shape()).isEqualTo(said.shape());
      assertThat(stored.data())
          .containsExactly(TensorColumn.decode(TensorColumn.encode(said, DType.FP16)).data());
    }
  }

  @Test
  void asksAboutTheSameObjectsInEveryView() {
    byte[] labels = new byte[Workspace.WIDTH * Workspace.HEIGHT];
    labels[1] = 1; // x = 1, y = 0, of 6×4
    byte[] mask = ImageCodec.encodePng(new ClassMask(Workspace.WIDTH, Workspace.HEIGHT, labels));
    Workspace workspace = new Workspace(spark, folder).add("one", 1, mask).write();
    TeacherSource teacher = InMemoryTeacher.promptable("p");
    CacheReport report =
        workspace
            .refresh((done, total, phase) -> {})
            .run(spark, workspace.root(), teacher, new LabelBoxes(1, 4), OPTIONS);
    assertThat(report.answers()).isEqualTo(new CacheReport.Pass(3, 0));

    CacheKeys keys = CacheKeys.of(teacher.spec(), new LabelBoxes(1, 4), OPTIONS);
    List<Row> asked =
        CacheTables.keyed(workspace.tables().samples(spark), keys, VIEWS)
            .select("feature_key", "view", "prompt_fingerprint")
            .join(workspace.tables().answers(spark).drop("prompt_fingerprint"), "feature_key")
            .orderBy("view")
            .collectAsList();
    assertThat(asked)
        .extracting(row -> row.getAs("prompt_fingerprint").toString())
        .containsOnly(keys.promptFingerprint(Optional.of(mask)));
    assertThat(asked)
        .extracting(row -> row.getAs("view") + " " + row.getAs("prompt"))
        .containsExactly(
            "flip-horizontal {\"box\":[4.0,0.0,5.0,1.0],\"class\":1}",
            "identity {\"box\":[1.0,0.0,2.0,1.0],\"class\":1}",
            "turn-90 {\"box\":[3.0,1.0,4.0,2.0],\"class\":1}");
    assertThat(asked)
        .extracting(row -> TensorColumn.decode(row.getAs("logits")).shape())
        .containsExactly(new int[] {4, 6}, new int[] {4, 6}, new int[] {6, 4});
    joinsEachViewToItsOwnRows(workspace, keys);
  }

  private static void joinsEachViewToItsOwnRows(Workspace workspace, CacheKeys keys) {
    List<Row> rows =
        ViewRows.cached(spark, workspace.root(), keys, request(VIEWS))
            .orderBy("view")
            .collectAsList();
    assertThat(rows)
        .extracting(row -> row.<String>getAs("view"))
        .containsExactly("flip-horizontal", "identity", "turn-90");
    for (Row row : rows) {
      RgbImage seen = View.of(row.<String>getAs("view")).of(Workspace.image(1));
      FloatTensor said = InMemoryTeacher.planes(seen, 3, 1f / 7);
      assertThat(TensorColumn.decode(row.getAs("embedding")).data())
          .containsExactly(TensorColumn.decode(TensorColumn.encode(said, DType.FP16)).data());
    }
    endsEachViewWithItsOwnImage(workspace, keys);
    List<View> more = List.of(View.IDENTITY, View.TURN_180);
    assertThat(ViewRows.cached(spark, workspace.root(), keys, request(more)).count())
        .as("rows of a sample that lacks a view")
        .isZero();
  }

  /** 60×36 pixels are 96×58 of a letter-box's: 6×3.625 of the 6×4 cells, turned 3.625×6. */
  private static void endsEachViewWithItsOwnImage(Workspace workspace, CacheKeys keys) {
    TeacherSpec spec = keys.spec();
    var boxed =
        new TeacherSpec(
            spec.name(),
            spec.encoderDigest(),
            spec.decoderDigest(),
            spec.preprocessing(),
            spec.layers(),
            spec.embedding(),
            true,
            spec.batch(),
            new MapExtent(InputConfig.Fit.LONGEST_SIDE, 96, 96));
    CacheKeys of = CacheKeys.of(boxed, new LabelBoxes(1, 4), OPTIONS);
    workspace.sized(60, 36);
    List<Row> rows =
        ViewRows.cached(spark, workspace.root(), of, request(VIEWS))
            .orderBy("view")
            .collectAsList();
    workspace.write();
    assertThat(rows).hasSize(3);
    for (Row row : rows) {
      View view = View.of(row.<String>getAs("view"));
      FloatTensor said = InMemoryTeacher.planes(view.of(Workspace.image(1)), 3, 1f / 7);
      FloatTensor stored = TensorColumn.decode(TensorColumn.encode(said, DType.FP16));
      FloatTensor seen =
          view.swapsSides()
              ? Resize.bilinear(stored, 6, 3.625, 8, 8)
              : Resize.bilinear(stored, 3.625, 6, 8, 8);
      assertThat(Half.encode(TensorColumn.decode(row.getAs("embedding")).data()))
          .as(view.text())
          .isEqualTo(Half.encode(seen.data()));
    }
  }

  private static ViewRequest request(List<View> views) {
    return new ViewRequest(List.of("a"), 32, 32, 8, 8, 8, 8, 2, 1, views, Map.of("teacher", "p"));
  }

  @Test
  void theImageItselfIsAlwaysCached() {
    assertThatThrownBy(() -> PLAIN.withViews(List.of(View.TURN_90)))
        .hasMessage(
            "Invalid cache.views: [turn-90] (must have identity among them: images are scored as"
                + " they are)");
  }

  private static CacheReport run(Workspace workspace, TeacherSource teacher, CacheOptions options) {
    return workspace
        .refresh((done, total, phase) -> {})
        .run(spark, workspace.root(), teacher, null, options);
  }
}
