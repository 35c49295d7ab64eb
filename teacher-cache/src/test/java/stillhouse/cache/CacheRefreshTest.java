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
import org.apache.commons.io.FileUtils;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import stillhouse.Sessions;
import stillhouse.conf.ConfigException;
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
  private static final TeacherSource TEACHER = InMemoryTeacher.segmenter("a");
  private static final List<String> PROGRESS = new CopyOnWriteArrayList<>();
  private static SparkSession spark;
  private static Workspace filled;
  private static CacheReport fill;

  @TempDir static Path shared;
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
  static void fill() {
    spark = Sessions.local();
    filled = ten(shared.resolve("a b")).write();
    Progress progress = (done, total, phase) -> PROGRESS.add(phase + " " + done + "/" + total);
    fill = filled.refresh(progress).run(spark, filled.root(), TEACHER, null, IN_CHUNKS);
  }

  @BeforeEach
  void forget() {
    InMemoryTeacher.ENCODED.set(0);
    InMemoryTeacher.DECODED.set(0);
  }

  @Test
  void computesOnceKeepsItAndNeverComputesAgain() {
    var ten = new CacheReport.Pass(10, 0);
    assertThat(fill)
        .isEqualTo(new CacheReport(11, 11, 0, Map.of(View.IDENTITY, 11L), ten, ten, ten));
    assertThat(PROGRESS).contains("features 10/10", "answers 10/10", "structure 10/10");
    assertThat(InMemoryTeacher.OPEN).hasValue(0);

    keepsWhatTheTeacherSaidAndItsStructure(filled, TEACHER);
    joinsSamplesToTheirRows(filled, TEACHER);
    var tables = CacheTables.of(filled.root());
    assertThat(tables.segmentedClasses(spark, TEACHER.spec())).hasValue(2);
    TeacherSpec other = InMemoryTeacher.segmenter("never asked").spec();
    assertThat(tables.segmentedClasses(spark, other)).isEmpty();
    keepsEachFileInTheOrderOfItsKeys(filled);

    try (var jobs = new JobCount(spark)) {
      var same = new CacheReport.Pass(0, 10);
      assertThat(run(filled, TEACHER, null, IN_CHUNKS))
          .isEqualTo(new CacheReport(11, 11, 0, Map.of(View.IDENTITY, 11L), same, same, same));
      // Four of them are Delta's, which looks for a table's files.
      assertThat(jobs.descriptions())
          .as("one query, whose stages are jobs")
          .hasSizeLessThanOrEqualTo(8)
          .allMatch(job -> job.contains("cache: account for every sample"));
    }
    assertThat(InMemoryTeacher.ENCODED).hasValue(0);
    assertThat(shared.resolve("a b/cache/_staging")).isEmptyDirectory();
  }

  private static void keepsEachFileInTheOrderOfItsKeys(Workspace workspace) {
    for (String file : workspace.tables().features(spark).inputFiles()) {
      List<String> keys =
          spark
              .read()
              .parquet(file)
              .select(CacheTables.FEATURE_KEY)
              .as(Encoders.STRING())
              .collectAsList();
      assertThat(keys).isSorted();
    }
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

  /** With a twin that comes later and whose name sorts first. */
  @Test
  void whatWasRefreshedByNightIsWhatOneBuildMakes() throws IOException {
    Workspace nights = copy();
    nights.add("a twin of 3", 3, null).add("new", 99, null).write();
    CacheReport second = run(nights, TEACHER, null, OPTIONS);
    assertThat(second.features()).isEqualTo(new CacheReport.Pass(1, 10));
    assertThat(second.written()).isEqualTo(3);
    assertThat(InMemoryTeacher.ENCODED).as("one padded batch").hasValue(InMemoryTeacher.BATCH);
    nights.add("a twin of new", 99, null).add("newer", 98, null).write();
    assertThat(run(nights, TEACHER, null, OPTIONS).written()).isEqualTo(3);

    Workspace build = ten(folder.resolve("build")).add("newer", 98, null).add("new", 99, null);
    run(build.write(), TEACHER, null, IN_CHUNKS);
    for (CacheTable table : CacheTable.values()) {
      assertThat(rows(nights, table)).isEqualTo(rows(build, table)).hasSize(12);
    }
  }

  private static List<String> rows(Workspace workspace, CacheTable table) {
    return CacheTables.delta(spark, table.path(workspace.tables()))
        .orderBy(table.key())
        .toJSON()
        .collectAsList();
  }

  @Test
  void anotherRadiusAsksNoTeacherAndAnotherEncodingStandsBeside() throws IOException {
    Workspace workspace = copy();
    CacheReport radius = run(workspace, TEACHER, null, new CacheOptions(DType.FP16, 1, 100, 2));
    assertThat(radius.features().written()).isZero();
    assertThat(radius.answers().written()).isZero();
    assertThat(radius.structure()).isEqualTo(new CacheReport.Pass(10, 0));
    assertThat(InMemoryTeacher.ENCODED).hasValue(0);

    workspace.damage("image 4");
    CacheOptions bytes = new CacheOptions(DType.INT8, 2, 100, 2);
    CacheReport report = run(workspace, TEACHER, null, bytes);
    assertThat(report.features()).isEqualTo(new CacheReport.Pass(9, 0));
    assertThat(report.structure()).isEqualTo(new CacheReport.Pass(9, 0));
    assertThat(report.quarantined()).isEqualTo(1);
    isStoredInBytes(workspace, CacheKeys.of(TEACHER.spec(), null, bytes));

    CacheKeys keys = CacheKeys.of(TEACHER.spec(), null, OPTIONS);
    String lost = keys.structureKey(keys.featureKey(Workspace.sha(4)));
    DeltaTable.forPath(spark, workspace.tables().structurePath())
        .delete("structure_key = '" + lost + "'");
    Accounts.Balance balance = balance(workspace, keys);
    assertThat(balance.quarantined()).as("another encoding's failure is no excuse").isZero();
    assertThat(balance.lost()).singleElement().asString().endsWith("image 4");
  }

  private static Accounts.Balance balance(Workspace workspace, CacheKeys keys) {
    CacheTables tables = workspace.tables();
    Dataset<Row> samples = CacheTables.keyed(tables.samples(spark), keys);
    return new Accounts(spark, tables, keys, samples).balance();
  }

  /** Maps in eight bits, their logits in sixteen. */
  private static void isStoredInBytes(Workspace workspace, CacheKeys keys) {
    String featureKey = keys.featureKey(Workspace.sha(3));
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
        .add("bad mask", 4, new byte[] {1, 2})
        .write();
    TeacherSource teacher = InMemoryTeacher.promptable("p");

    CacheReport first = run(workspace, teacher, labels("1"), OPTIONS);
    assertThat(first.answers()).isEqualTo(new CacheReport.Pass(4, 0));
    assertThat(first.quarantined()).isEqualTo(1);
    assertThat(
            CacheTables.delta(spark, workspace.tables().quarantinePath())
                .filter("stage = 'cache: answers' AND reason = 'no prompts'")
                .count())
        .isEqualTo(1);
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
    workspace.add("none", 3, DrawnMasks.firstPixel(1)).write();
    assertThat(run(workspace, teacher, labels("1"), OPTIONS).answers())
        .as("a label that came later is asked about, and a table of before there were counts taken")
        .isEqualTo(new CacheReport.Pass(1, 3));
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
    Workspace workspace = new Workspace(spark, folder);
    workspace.add("image 0", 0, null).add("twin of 0", 0, null).add("image 4", 4, null).write();
    workspace.damage("image 0").damage("twin of 0").damage("image 4");
    assertThatThrownBy(() -> run(workspace, TEACHER, null, OPTIONS))
        .as("all at once is the storage's fault")
        .isInstanceOf(IllegalStateException.class)
        .hasMessageStartingWith("Cannot read any of 2 images under " + folder + ", for example ")
        .hasMessageContaining("its bytes have changed. So many at once are not damaged each")
        .hasMessageContaining("check that this storage answers");
    assertThat(CacheTables.delta(spark, workspace.tables().quarantinePath()).isEmpty()).isTrue();

    // "image 0" has a twin with the same content, so it is not lost.
    Files.write(folder.resolve("twin of 0"), Workspace.image(0).rgb());
    CacheReport report = run(workspace, TEACHER, null, OPTIONS);
    assertThat(report.cached()).isEqualTo(2);
    assertThat(report.quarantined()).isEqualTo(1);
    Row quarantine =
        one(
            CacheTables.delta(spark, workspace.tables().quarantinePath()),
            "stage",
            "cache: features");
    assertThat(quarantine.<String>getAs("image_uri")).endsWith("image 4");
    assertThat(quarantine.<String>getAs("reason")).isEqualTo("image unreadable");
    assertThat(quarantine.<String>getAs("detail")).contains("its bytes have changed");
    assertThat(quarantine.<String>getAs("cache_key"))
        .isEqualTo(CacheKeys.of(TEACHER.spec(), null, OPTIONS).featureKey(Workspace.sha(4)));

    Files.write(folder.resolve("image 4"), Workspace.image(4).rgb());
    assertThat(run(workspace, TEACHER, null, OPTIONS).cached()).isEqualTo(3);
  }

  @Test
  void refreshesAtTheSameTimeDoubleNothing() throws Exception {
    Workspace workspace = ten(folder).write();
    var threads = Executors.newFixedThreadPool(2);
    try {
      List<Future<CacheReport>> runs = new ArrayList<>();
      for (int i = 0; i < 2; i++) {
        runs.add(
            threads.submit(() -> run(workspace, InMemoryTeacher.segmenter("a"), null, IN_CHUNKS)));
      }
      long written = 0;
      for (Future<CacheReport> run : runs) {
        assertThat(run.get().cached()).isEqualTo(11);
        written += run.get().features().written();
      }
      assertThat(written).as("each counts what it committed itself").isEqualTo(10);
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
            .join(tables.features(spark).drop("content_sha256"), "feature_key")
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
        .isInstanceOf(ConfigException.class)
        .hasMessageContainingAll("No samples in ", "Run the ingest job first.");
  }

  /** Ten contents in eleven samples. */
  private static Workspace ten(Path root) {
    var workspace = new Workspace(spark, root);
    for (int i = 0; i < 10; i++) {
      workspace.add("image " + i, i, null);
    }
    return workspace.add("twin of 0", 0, null);
  }

  /** Of what is filled already, under a root with a space in its name, with images of its own. */
  private Workspace copy() throws IOException {
    FileUtils.copyDirectory(shared.toFile(), folder.toFile());
    return ten(folder.resolve("a b")).write();
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
