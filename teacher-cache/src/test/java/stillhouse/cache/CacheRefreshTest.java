package stillhouse.cache;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.delta.tables.DeltaTable;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import stillhouse.Sessions;
import stillhouse.data.View;
import stillhouse.identity.Sha256;
import stillhouse.structure.StructureMaps;
import stillhouse.structure.StructureTensor;
import stillhouse.teacher.Prompt;
import stillhouse.teacher.PromptPlan;
import stillhouse.teacher.PromptedImage;
import stillhouse.teacher.TeacherSource;
import stillhouse.teacher.TeacherSpec;
import stillhouse.tensor.DType;
import stillhouse.tensor.FloatTensor;
import stillhouse.tensor.TensorColumn;

class CacheRefreshTest {
  private static final CacheOptions OPTIONS = new CacheOptions(DType.FP16, 2, 100, 2);
  private static final CacheOptions IN_CHUNKS = new CacheOptions(DType.FP16, 2, 6, 2);
  private static SparkSession spark;

  @TempDir Path folder;

  /** A box a labelled class; asks nothing of an unlabelled image. */
  record BoxOfEachClass(String version) implements PromptPlan {
    private static final long serialVersionUID = 1L;

    @Override
    public List<Prompt> prompts(PromptedImage image) {
      List<Prompt> prompts = new ArrayList<>();
      int objects = image.labels().map(mask -> mask.at(0, 0)).orElse(0);
      for (int k = 1; k <= objects; k++) {
        prompts.add(new Prompt.Box(k, 0, 0, image.width(), image.height()));
      }
      return prompts;
    }

    @Override
    public Sha256 fingerprint() {
      return Sha256.of(version.getBytes(java.nio.charset.StandardCharsets.UTF_8));
    }
  }

  @BeforeAll
  static void open() {
    spark = Sessions.local();
  }

  @BeforeEach
  void forget() {
    InMemoryTeacher.ENCODED.set(0);
    InMemoryTeacher.DECODED.set(0);
  }

  @Test
  void computesOnceKeepsItAndNeverComputesAgain() {
    List<String> progress = new CopyOnWriteArrayList<>();
    Workspace workspace = ten().write();
    TeacherSource teacher = InMemoryTeacher.segmenter("a");
    var refresh =
        workspace.refresh((done, total, phase) -> progress.add(phase + " " + done + "/" + total));

    CacheReport first = refresh.run(spark, workspace.root(), teacher, null, IN_CHUNKS);
    assertThat(first)
        .isEqualTo(
            new CacheReport(
                11,
                11,
                0,
                Map.of(View.IDENTITY, 11L),
                new CacheReport.Pass(10, 0),
                new CacheReport.Pass(10, 0),
                new CacheReport.Pass(10, 0)));
    assertThat(progress).contains("features 10/10", "answers 10/10", "structure 10/10");
    assertThat(InMemoryTeacher.OPEN).hasValue(0);

    keepsWhatTheTeacherSaidAndItsStructure(workspace, teacher);
    joinsSamplesToTheirRows(workspace, teacher);

    InMemoryTeacher.ENCODED.set(0);
    CacheReport second = refresh.run(spark, workspace.root(), teacher, null, IN_CHUNKS);
    assertThat(second.written()).isZero();
    assertThat(second.reused()).isEqualTo(30);
    assertThat(second.cached()).isEqualTo(11);
    assertThat(InMemoryTeacher.ENCODED).hasValue(0);
    assertThat(folder.resolve("a b/cache/_staging")).isEmptyDirectory();
  }

  private static void keepsWhatTheTeacherSaidAndItsStructure(
      Workspace workspace, TeacherSource teacher) {
    CacheKeys keys = CacheKeys.of(teacher.spec(), null, OPTIONS);
    String featureKey = keys.featureKey(Sha256.of(Workspace.image(3).rgb()).hex());
    Row features = one(workspace.tables().features(spark), "feature_key", featureKey);
    FloatTensor embedding = TensorColumn.decode(features.getAs("layer_embedding_0"));
    FloatTensor said = InMemoryTeacher.planes(Workspace.image(3), 3, 1f / 7);
    FloatTensor stored = TensorColumn.decode(TensorColumn.encode(said, DType.FP16));
    assertThat(embedding.shape()).containsExactly(3, 4, 6);
    assertThat(embedding.data()).containsExactly(stored.data());
    assertThat(features.<String>getAs("encoder_digest"))
        .isEqualTo(teacher.spec().encoderDigest().hex());

    Row answer = one(workspace.tables().answers(spark), "feature_key", featureKey);
    assertThat(answer.<String>getAs("prompt")).isEqualTo("none");
    assertThat(answer.<Integer>getAs("class_id")).isNull();
    assertThat(TensorColumn.decode(answer.getAs("logits")).shape()).containsExactly(2, 4, 6);

    Row structure =
        one(workspace.tables().structure(spark), "structure_key", keys.structureKey(featureKey));
    StructureMaps maps = StructureTensor.maps(stored, 2);
    assertThat(TensorColumn.decode(structure.getAs("e")).data()).containsExactly(maps.e().data());
    assertThat(TensorColumn.decode(structure.getAs("c")).data()).containsExactly(maps.c().data());
    assertThat(TensorColumn.decode(structure.getAs("d")).data()).containsExactly(maps.d().data());
  }

  @Test
  void computesOnlyWhatIsNew() {
    Workspace workspace = ten().write();
    TeacherSource teacher = InMemoryTeacher.segmenter("a");
    run(workspace, teacher, null, OPTIONS);

    InMemoryTeacher.ENCODED.set(0);
    CacheReport image = run(workspace.add("new", 99, null).write(), teacher, null, OPTIONS);
    assertThat(image.features()).isEqualTo(new CacheReport.Pass(1, 10));
    assertThat(image.written()).isEqualTo(3);
    assertThat(InMemoryTeacher.ENCODED).as("one padded batch").hasValue(InMemoryTeacher.BATCH);

    CacheReport radius = run(workspace, teacher, null, new CacheOptions(DType.FP16, 1, 100, 2));
    assertThat(radius.features().written()).isZero();
    assertThat(radius.answers().written()).isZero();
    assertThat(radius.structure()).isEqualTo(new CacheReport.Pass(11, 0));

    CacheReport other = run(workspace, InMemoryTeacher.promptable("b"), labels("1"), OPTIONS);
    assertThat(other.features()).isEqualTo(new CacheReport.Pass(11, 0));
    assertThat(workspace.tables().features(spark).count()).isEqualTo(22);
    Dataset<Row> old = workspace.tables().features(spark).filter("layer_high_res_0 IS NULL");
    assertThat(old.count()).isEqualTo(11);
  }

  @Test
  void eightBitMapsStandBesideTheOthersWithTheirLogitsInSixteen() {
    Workspace workspace = ten().write();
    TeacherSource teacher = InMemoryTeacher.segmenter("a");
    run(workspace, teacher, null, OPTIONS);
    CacheOptions bytes = new CacheOptions(DType.INT8, 2, 100, 2);
    CacheReport report = run(workspace, teacher, null, bytes);
    assertThat(report.features()).isEqualTo(new CacheReport.Pass(10, 0));
    assertThat(report.structure()).isEqualTo(new CacheReport.Pass(10, 0));
    assertThat(run(workspace, teacher, null, OPTIONS).written()).isZero();

    CacheKeys keys = CacheKeys.of(teacher.spec(), null, bytes);
    String featureKey = keys.featureKey(Sha256.of(Workspace.image(3).rgb()).hex());
    Row features = one(workspace.tables().features(spark), "feature_key", featureKey);
    Row embedding = features.getAs("layer_embedding_0");
    assertThat(features.<String>getAs("encoding")).isEqualTo("int8");
    assertThat(embedding.<String>getAs("dtype")).isEqualTo("int8");
    assertThat(embedding.getList(2)).as("a scale a channel").hasSize(3);
    FloatTensor said = InMemoryTeacher.planes(Workspace.image(3), 3, 1f / 7);
    FloatTensor stored = TensorColumn.decode(TensorColumn.encode(said, DType.INT8));
    assertThat(TensorColumn.decode(embedding).data()).containsExactly(stored.data());
    assertThat(features.<Row>getAs("layer_logits").<String>getAs("dtype")).isEqualTo("fp16");
    Row structure =
        one(workspace.tables().structure(spark), "structure_key", keys.structureKey(featureKey));
    assertThat(TensorColumn.decode(structure.getAs("e")).data())
        .as("measured on what is stored")
        .containsExactly(StructureTensor.maps(stored, 2).e().data());
  }

  @Test
  void asksEachPromptOnceAndRemembersThatThereWasNone() {
    Workspace workspace = new Workspace(spark, folder);
    workspace
        .add("two", 1, DrawnMasks.firstPixel(2))
        .add("one", 2, DrawnMasks.firstPixel(1))
        .add("none", 3, null)
        .write();
    TeacherSource teacher = InMemoryTeacher.promptable("p");

    CacheReport first = run(workspace, teacher, labels("1"), OPTIONS);
    assertThat(first.answers()).isEqualTo(new CacheReport.Pass(4, 0));
    assertThat(InMemoryTeacher.DECODED).hasValue(3);
    Dataset<Row> answers = workspace.tables().answers(spark);
    assertThat(answers.filter("prompt = 'none' AND logits IS NULL").count()).isEqualTo(1);
    assertThat(
            answers
                .filter("class_id = 2 AND prompt = '{\"box\":[0.0,0.0,6.0,4.0],\"class\":2}'")
                .count())
        .isEqualTo(1);

    String path = workspace.tables().answersPath();
    List<String> whole = answers.orderBy("answer_key").toJSON().collectAsList();
    DeltaTable.forPath(spark, path).delete("class_id = 2");
    CacheKeys keys = CacheKeys.of(teacher.spec(), labels("1"), OPTIONS);
    assertThat(ViewRows.answered(spark, workspace.root(), keys).count())
        .as("a question of which an answer is lost is open")
        .isEqualTo(2);
    InMemoryTeacher.DECODED.set(0);
    assertThat(run(workspace, teacher, labels("1"), OPTIONS).answers())
        .isEqualTo(new CacheReport.Pass(1, 2));
    assertThat(InMemoryTeacher.DECODED).hasValue(2);
    assertThat(workspace.tables().answers(spark).orderBy("answer_key").toJSON().collectAsList())
        .as("what was lost alone, as it was")
        .isEqualTo(whole);

    withoutCounts(path);
    assertThat(run(workspace, teacher, labels("1"), OPTIONS).answers())
        .as("a table of before there were counts")
        .isEqualTo(new CacheReport.Pass(0, 3));
    assertThat(
            run(
                workspace.add("none", 3, DrawnMasks.firstPixel(1)).write(),
                teacher,
                labels("1"),
                OPTIONS))
        .as("a label that came later is asked about")
        .satisfies(r -> assertThat(r.answers()).isEqualTo(new CacheReport.Pass(1, 3)));
    assertThat(run(workspace, teacher, labels("2"), OPTIONS))
        .as("another plan asks anew, of the same features")
        .satisfies(
            r -> {
              assertThat(r.features().written()).isZero();
              assertThat(r.answers().written()).isEqualTo(5);
            });
  }

  private static void withoutCounts(String answers) {
    CacheTables.delta(spark, answers)
        .where("class_id = 1 OR class_id IS NULL")
        .drop("of")
        .write()
        .format("delta")
        .mode("overwrite")
        .option("overwriteSchema", "true")
        .save(answers);
  }

  @Test
  void quarantinesWhatItCannotReadAndTriesAgain() throws IOException {
    // "image 0" has a twin with the same content, so it is not lost.
    Workspace workspace = ten().write().damage("image 4").damage("image 0");
    TeacherSource teacher = InMemoryTeacher.segmenter("a");
    CacheReport report = run(workspace, teacher, null, OPTIONS);
    assertThat(report.cached()).isEqualTo(10);
    assertThat(report.quarantined()).isEqualTo(1);
    run(workspace, teacher, null, OPTIONS);
    List<Row> quarantine =
        CacheTables.delta(spark, workspace.tables().quarantinePath()).collectAsList();
    assertThat(quarantine).hasSize(1);
    assertThat(quarantine.get(0).<String>getAs("image_uri")).endsWith("image 4");
    assertThat(quarantine.get(0).<String>getAs("reason")).isEqualTo("image unreadable");
    assertThat(quarantine.get(0).<String>getAs("detail")).contains("its bytes have changed");
    assertThat(quarantine.get(0).<String>getAs("stage")).isEqualTo("cache: features");

    Files.write(Path.of(workspace.root(), "image 4"), Workspace.image(4).rgb());
    assertThat(run(workspace, teacher, null, OPTIONS).cached()).isEqualTo(11);
  }

  @Test
  void quarantinesAMaskThatIsNone() {
    Workspace workspace = new Workspace(spark, folder).add("bad mask", 1, new byte[] {1, 2});
    CacheReport report =
        run(workspace.write(), InMemoryTeacher.promptable("p"), labels("1"), OPTIONS);
    assertThat(report.quarantined()).isEqualTo(1);
    assertThat(
            CacheTables.delta(spark, workspace.tables().quarantinePath())
                .filter("stage = 'cache: answers' AND reason = 'no prompts'")
                .count())
        .isEqualTo(1);
  }

  @Test
  void refreshesAtTheSameTimeDoubleNothing() throws Exception {
    Workspace workspace = ten().write();
    var threads = Executors.newFixedThreadPool(2);
    try {
      List<Future<CacheReport>> runs = new ArrayList<>();
      for (int i = 0; i < 2; i++) {
        runs.add(
            threads.submit(() -> run(workspace, InMemoryTeacher.segmenter("a"), null, IN_CHUNKS)));
      }
      for (Future<CacheReport> run : runs) {
        assertThat(run.get().cached()).isEqualTo(11);
      }
    } finally {
      threads.shutdownNow();
    }
    CacheTables tables = workspace.tables();
    for (Dataset<Row> table :
        List.of(tables.features(spark), tables.answers(spark), tables.structure(spark))) {
      assertThat(table.count()).isEqualTo(10);
      assertThat(table.select("feature_key").distinct().count()).isEqualTo(10);
    }
  }

  private static void joinsSamplesToTheirRows(Workspace workspace, TeacherSource teacher) {
    CacheTables tables = workspace.tables();
    CacheKeys keys = CacheKeys.of(teacher.spec(), null, OPTIONS);
    Dataset<Row> joined =
        CacheTables.keyed(tables.samples(spark), keys)
            .join(tables.features(spark).drop("sample_id", "content_sha256"), "feature_key")
            .join(tables.structure(spark).drop("feature_key"), "structure_key")
            .join(
                tables.answers(spark), new String[] {"feature_key", "prompt_fingerprint"}, "inner");
    assertThat(joined.count()).isEqualTo(11);
  }

  @Test
  void refusesWhatCannotWork() {
    TeacherSource promptable = InMemoryTeacher.promptable("p");
    assertThatThrownBy(() -> CacheKeys.of(promptable.spec(), null, OPTIONS))
        .hasMessageContaining("teacher p is promptable. Name a plan");
    TeacherSpec spec = promptable.spec();
    var clashing =
        new TeacherSpec(
            "c",
            spec.encoderDigest(),
            spec.decoderDigest(),
            spec.preprocessing(),
            List.of("neck.0", "neck_0"),
            "neck.0",
            true,
            1);
    assertThatThrownBy(() -> CacheTables.featuresType(clashing))
        .hasMessageContaining("'neck.0' and 'neck_0' share the column layer_neck_0");
    assertThatThrownBy(() -> new CacheOptions(DType.FP16, 7, 0, 0))
        .hasMessageContaining("rows a chunk 0 (must be >= 1)");
    Workspace empty = new Workspace(spark, folder);
    assertThatThrownBy(() -> run(empty, InMemoryTeacher.segmenter("a"), null, OPTIONS))
        .hasMessageContaining("no Delta table. Ingest the data set first.");
  }

  /** Ten contents in eleven samples, under a root with a space in its name. */
  private Workspace ten() {
    var workspace = new Workspace(spark, folder.resolve("a b"));
    for (int i = 0; i < 10; i++) {
      workspace.add("image " + i, i, null);
    }
    return workspace.add("twin of 0", 0, null);
  }

  private static CacheReport run(
      Workspace workspace, TeacherSource teacher, PromptPlan plan, CacheOptions options) {
    return workspace.refresh(Progress.NONE).run(spark, workspace.root(), teacher, plan, options);
  }

  private static PromptPlan labels(String version) {
    return new BoxOfEachClass(version);
  }

  private static Row one(Dataset<Row> table, String key, String value) {
    List<Row> rows = table.filter(table.col(key).equalTo(value)).collectAsList();
    assertThat(rows).hasSize(1);
    return rows.get(0);
  }
}
