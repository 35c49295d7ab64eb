package stillhouse.cache;

import static org.apache.spark.sql.functions.lit;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.apache.commons.lang3.StringUtils;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.execution.FileSourceScanExec;
import org.apache.spark.sql.execution.SparkPlan;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import scala.collection.JavaConverters;
import stillhouse.Sessions;
import stillhouse.conf.ConfigException;
import stillhouse.teacher.InputConfig;
import stillhouse.teacher.MapExtent;
import stillhouse.teacher.TeacherSource;
import stillhouse.teacher.TeacherSpec;
import stillhouse.tensor.DType;
import stillhouse.tensor.FloatTensor;
import stillhouse.tensor.Half;
import stillhouse.tensor.Resize;
import stillhouse.tensor.TensorColumn;

/** Rows of a real cache: three images of 6×4 pixels, whose features have the same cells. */
class ViewRowsTest {
  private static final CacheOptions OPTIONS = new CacheOptions(DType.FP16, 2, 64, 1);
  private static final CacheOptions BYTES = new CacheOptions(DType.INT8, 2, 64, 1);
  private static final ViewRequest REQUEST =
      new ViewRequest(List.of("a", "b"), 4, 6, 2, 3, 4, 6, 64, 1, Map.of("teacher", "t"));
  private static final UnstorableTest.NinthClass PLAN = new UnstorableTest.NinthClass();
  private static final TeacherSource PROMPTABLE = InMemoryTeacher.promptable("p");
  private static final TeacherSource ENCODER = InMemoryTeacher.encoder("e");

  @TempDir static Path folder;
  private static SparkSession spark;
  private static Workspace workspace;

  @BeforeAll
  static void cache() {
    spark = Sessions.local();
    workspace = new Workspace(spark, folder);
    workspace.add("one", 1, null).add("two", 2, null).add("three", 3, null).write();
    for (TeacherSource teacher : List.of(PROMPTABLE, ENCODER)) {
      assertThat(
              workspace
                  .refresh(Progress.NONE)
                  .run(spark, workspace.root(), teacher, PLAN, OPTIONS)
                  .cached())
          .isEqualTo(3);
    }
  }

  @Test
  void eightBitMapsAreShrunkIntoSixteen() {
    workspace.refresh(Progress.NONE).run(spark, workspace.root(), ENCODER, PLAN, BYTES);
    CacheKeys keys = CacheKeys.of(ENCODER.spec(), PLAN, BYTES);
    Row row =
        ViewRows.cached(spark, workspace.root(), keys, REQUEST).where("sample_id = 'two'").first();
    FloatTensor said = InMemoryTeacher.planes(Workspace.image(2), 3, 1f / 7);
    FloatTensor stored = TensorColumn.decode(TensorColumn.encode(said, DType.INT8));
    assertThat(row.<Row>getAs("embedding").<String>getAs("dtype")).isEqualTo("fp16");
    assertThat(Half.encode(TensorColumn.decode(row.getAs("embedding")).data()))
        .isEqualTo(Half.encode(Resize.area(stored, 2, 3).data()));
    assertThat(rows(ENCODER).count()).as("the others stand beside them").isEqualTo(3);
  }

  @Test
  void mapsAreOnTheViewsGridBeforeTheyAreJoined() {
    Row row = rows(PROMPTABLE).where("sample_id = 'two'").first();
    FloatTensor said = InMemoryTeacher.planes(Workspace.image(2), 3, 1f / 7);
    FloatTensor stored = TensorColumn.decode(TensorColumn.encode(said, DType.FP16));
    FloatTensor embedding = TensorColumn.decode(row.getAs("embedding"));
    assertThat(embedding.shape()).containsExactly(3, 2, 3);
    assertThat(Half.encode(embedding.data()))
        .isEqualTo(Half.encode(Resize.area(stored, 2, 3).data()));
    assertThat(TensorColumn.decode(row.getAs("d")).shape()).containsExactly(1, 2, 3);
    assertThat(CachedAnswers.of(row).logits(1).shape()).containsExactly(1, 4, 6);
  }

  /** 60×36 pixels are 96×58 of the input: 6×3.625 cells, of which 6×4 are stored. */
  @Test
  void mapsOfALetterBoxedTeacherEndWithTheImage() {
    TeacherSpec whole = ENCODER.spec();
    var extent = new MapExtent(InputConfig.Fit.LONGEST_SIDE, 96, 96);
    var boxed =
        new TeacherSpec(
            whole.name(),
            whole.encoderDigest(),
            whole.decoderDigest(),
            whole.preprocessing(),
            whole.layers(),
            whole.embedding(),
            false,
            whole.batch(),
            extent);
    CacheKeys keys = CacheKeys.of(boxed, PLAN, OPTIONS);
    workspace.sized(60, 36);
    try {
      Dataset<Row> rows = ViewRows.cached(spark, workspace.root(), keys, REQUEST);
      Row row = rows.where("sample_id = 'two'").first();
      FloatTensor said = InMemoryTeacher.planes(Workspace.image(2), 3, 1f / 7);
      FloatTensor stored = TensorColumn.decode(TensorColumn.encode(said, DType.FP16));
      assertThat(Half.encode(TensorColumn.decode(row.getAs("embedding")).data()))
          .isEqualTo(Half.encode(Resize.area(stored, 3.625, 6, 2, 3).data()))
          .isNotEqualTo(Half.encode(Resize.area(stored, 2, 3).data()));
      Row asStored = workspace.tables().structure(spark).where(structureOf(row)).first();
      FloatTensor d = TensorColumn.decode(asStored.getAs("d"));
      FloatTensor plane = new FloatTensor(new int[] {1, 4, 6}, d.data());
      assertThat(TensorColumn.decode(row.getAs("d")).data())
          .isEqualTo(Resize.area(plane, 3.625, 6, 2, 3).data());
      assertThat(rows.count()).isEqualTo(3);
      assertThat(rows.schema().apply("embedding").metadata().getLong(ViewRows.CHANNELS))
          .isEqualTo(3);
      assertThat(rows.columns()).containsExactly(rows(ENCODER).columns());
    } finally {
      workspace.write();
    }
  }

  /** As where another teacher was cached than the one that a training names. */
  @Test
  void aLayerThatNoTeacherOfTheCacheHasIsNamed() {
    TeacherSpec whole = ENCODER.spec();
    var other =
        new TeacherSpec(
            "another",
            whole.encoderDigest(),
            whole.decoderDigest(),
            whole.preprocessing(),
            List.of("neck.1"),
            "neck.1",
            false,
            whole.batch());
    CacheKeys keys = CacheKeys.of(other, PLAN, OPTIONS);
    assertThatThrownBy(() -> ViewRows.cached(spark, workspace.root(), keys, REQUEST))
        .isInstanceOf(ConfigException.class)
        .hasMessageStartingWith(
            "Cannot train on layer 'neck.1' of teacher another: the cache has no column layer_neck_1 (it has [layer_embedding_0")
        .hasMessageEndingWith(
            "of other teachers). Run the cache job with this teacher, or name the one that was cached.");
  }

  private static String structureOf(Row row) {
    return "feature_key = '" + row.getAs("feature_key") + "'";
  }

  @Test
  void everySideCrossesTheNetworkOnce() {
    String threshold = spark.conf().get("spark.sql.autoBroadcastJoinThreshold");
    spark.conf().set("spark.sql.autoBroadcastJoinThreshold", "-1");
    spark.conf().set("spark.sql.shuffle.partitions", "3");
    try {
      String plan = rows(PROMPTABLE).queryExecution().executedPlan().toString();
      assertThat(StringUtils.countMatches(plan, "Exchange hashpartitioning(feature_key"))
          .as("samples, answers, features, structure:\n%s", plan)
          .isEqualTo(4);
      assertThat(StringUtils.countMatches(plan, "Exchange ")).isEqualTo(4);
    } finally {
      spark.conf().set("spark.sql.autoBroadcastJoinThreshold", threshold);
      spark.conf().set("spark.sql.shuffle.partitions", "1");
    }
  }

  @Test
  void whichRowsThereAreIsKnownWithoutATensorsBytes() {
    SparkPlan plan = rows(PROMPTABLE).select("sample_id").queryExecution().executedPlan();
    List<String> read =
        JavaConverters.seqAsJavaList(plan.collectLeaves()).stream()
            .map(scan -> ((FileSourceScanExec) scan).requiredSchema().catalogString())
            .toList();
    assertThat(read).hasSize(4).noneMatch(columns -> columns.contains("data:binary"));
  }

  @Test
  void theNumberOfChannelsIsKnownWithoutARow() {
    assertThat(rows(PROMPTABLE).schema().apply("embedding").metadata().getLong(ViewRows.CHANNELS))
        .isEqualTo(3);
  }

  /** Of the three the second has another question now, which nobody has answered. */
  @Test
  void rowsHaveTheAnswersToTheirOwnQuestions() {
    byte[] mask = DrawnMasks.firstPixel(1);
    new Workspace(spark, folder).add("one", 1, null).add("two", 2, mask).write();
    try {
      List<Row> rows = rows(PROMPTABLE).collectAsList();
      assertThat(rows).extracting(row -> row.getAs("sample_id")).containsExactly("one");
      assertThat(rows.get(0).getList(rows.get(0).fieldIndex("answers"))).hasSize(1);
    } finally {
      workspace.write();
    }
  }

  @Test
  void anEncoderWithoutLogitsMakesAViewWithoutLogits() {
    TrainingView view =
        TrainingView.materialise(spark, workspace.root(), REQUEST, Workspace::read, rows(ENCODER));
    assertThat(view.info().rows()).isEqualTo(Map.of("train", 3L));
    assertThat(view.info().hasLogits()).isFalse();
    assertThat(view.projection().orElseThrow().dimensions()).as("of 3 channels").isEqualTo(3);
  }

  @Test
  void imagesOfWhichNoneIsToTrainOnMakeNoView() {
    Dataset<Row> rows = rows(ENCODER).withColumn("split", lit("val"));
    assertThatThrownBy(
            () -> TrainingView.materialise(spark, workspace.root(), REQUEST, Workspace::read, rows))
        .isInstanceOf(ConfigException.class)
        .hasMessage(
            "No image to train on: none of those that can be used is of split train (by split: {val=3}). Ingest more images, or give split train a larger share in the data set's YAML.");
  }

  private static Dataset<Row> rows(TeacherSource teacher) {
    return ViewRows.cached(
        spark, workspace.root(), CacheKeys.of(teacher.spec(), PLAN, OPTIONS), REQUEST);
  }
}
