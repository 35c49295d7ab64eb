package stillhouse.cache;

import static java.util.stream.Collectors.toMap;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import org.apache.commons.io.FileUtils;
import org.apache.spark.api.java.function.MapFunction;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.functions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import stillhouse.Sessions;
import stillhouse.conf.ConfigException;
import stillhouse.data.View;
import stillhouse.teacher.TeacherSource;
import stillhouse.tensor.DType;
import stillhouse.tensor.TensorColumn;

/**
 * Eighteen images in three files of features; of one file all images go, of one all but one, of the
 * third one.
 */
class CacheGcTest {
  private static final int IMAGES = 18;
  private static final String CHECK = "spark.databricks.delta.retentionDurationCheck.enabled";
  private static final CacheOptions OPTIONS = new CacheOptions(DType.FP16, 2, 6, 1);
  private static final TeacherSource TEACHER = InMemoryTeacher.segmenter("a");
  private static final Set<Integer> GONE = new HashSet<>();
  private static SparkSession spark;
  private static Map<String, List<Integer>> byFile;
  @TempDir static Path full;
  @TempDir Path folder;
  private Workspace workspace;

  @BeforeAll
  static void fill() {
    spark = Sessions.local();
    Workspace all = workspace(full, Set.of());
    refresh(all, TEACHER);
    byFile = imagesByFile(all);
    List<List<Integer>> files = List.copyOf(byFile.values());
    assertThat(files).hasSize(3).allMatch(f -> f.size() > 2);
    GONE.addAll(files.get(0));
    GONE.addAll(files.get(1).subList(1, files.get(1).size()));
    GONE.add(files.get(2).get(0));
  }

  @BeforeEach
  void copy() throws IOException {
    FileUtils.copyDirectory(full.resolve("a b").toFile(), folder.resolve("a b").toFile());
    workspace = new Workspace(spark, folder.resolve("a b"));
  }

  /** Told, done beside a pin, done without it; then the images come back. */
  @Test
  void deadFilesGoPoorOnesShrinkAndPinnedVersionsStayReadable() {
    String path = workspace.tables().featuresPath();
    Pin pin = pin(CacheTables.version(spark, path));
    Map<String, String> live = rows();
    workspace = workspace(folder, GONE);
    spark.conf().set(CHECK, "false");
    try {
      GcReport told = gc(options(0).dryRun());
      assertThat(rows()).as("a dry run").isEqualTo(live);
      GcReport done = gc(options(0).pin(pin).retain(Duration.ZERO).now());
      requireTwoFilesLess(told);
      requireTwoFilesLess(done);
      List<String> files = List.copyOf(byFile.keySet());
      assertThat(imagesByFile(workspace))
          .containsKey(files.get(2))
          .doesNotContainKeys(files.get(0), files.get(1));
      assertThat(live).containsAllEntriesOf(rows());
      assertThat(workspace.tables().features(spark).count())
          .as("the last file is more than half live")
          .isEqualTo(IMAGES - GONE.size() + 1);
      requireSound();

      assertThat(done.vacuums())
          .extracting(GcReport.Vacuum::table, GcReport.Vacuum::hours)
          .contains(tuple("features", 32L), tuple("answers", 0L));
      Dataset<Row> old =
          spark
              .read()
              .format("delta")
              .option("versionAsOf", pin.versions().get("features"))
              .load(path);
      assertThat(decoded(old)).as("the pinned version").isEqualTo(IMAGES);
      GcReport free = gc(options(0).retain(Duration.ZERO).now());
      assertThat(free.vacuums().get(0).files()).isEqualTo(2);
      assertThatThrownBy(() -> decoded(old)).hasStackTraceContaining(".parquet does not exist");
    } finally {
      spark.conf().unset(CHECK);
    }
    workspace = workspace(folder, Set.of());
    assertThat(refresh(TEACHER).features().written())
        .as("images that came back are asked again")
        .isEqualTo(GONE.size() - 1);
    assertThat(rows()).isEqualTo(live);
  }

  private static Pin pin(long features) {
    long now = Instant.now().toEpochMilli();
    long since = now - Duration.ofHours(30).toMillis();
    return new Pin("run", "evaluate", "", Map.of("features", features), since, now);
  }

  /** One was all dead, one less than half live; a dead row that an answer points to counts not. */
  private static void requireTwoFilesLess(GcReport report) {
    GcReport.Table features = report.tables().get(2);
    assertThat(features.name()).isEqualTo("features");
    assertThat(List.of(features.rows(), features.dead(), features.dropped(), features.compacted()))
        .containsExactly((long) IMAGES, GONE.size() - 1L, 1L, 1L);
    assertThat(features.freedBytes()).isPositive();
  }

  /** Small maps make one file where features make several: the one stays, dead rows and all. */
  @Test
  void featuresStayWhileARowThatStaysPointsToThem() {
    List<Integer> first = byFile.values().iterator().next();
    workspace = workspace(folder, Set.copyOf(first));
    putInOneFile(workspace.tables().structurePath());
    long gone = first.size();
    assertThat(gc(options(0).now()).tables())
        .extracting(GcReport.Table::name, GcReport.Table::dead, GcReport.Table::dropped)
        .containsExactly(
            tuple("answers", gone, 1L), tuple("structure", gone, 0L), tuple("features", 0L, 0L));
    requireSound();
  }

  private static void putInOneFile(String path) {
    rewrite(path, rows -> rows.coalesce(1));
  }

  private static void rewrite(String path, UnaryOperator<Dataset<Row>> how) {
    SparkSession session = CacheFiles.session(spark);
    var replacement = new FileReplacement(session, path);
    List<String> files =
        TableFiles.of(session, path).all().select(TableFiles.FILE).collectAsList().stream()
            .map(row -> row.getString(0))
            .toList();
    Dataset<Row> rows = how.apply(replacement.rows(files).orElseThrow());
    assertThat(replacement.commit(files, Optional.of(rows))).isTrue();
  }

  /** As a fortnight of nights leaves them: each holds some of every range. */
  @Test
  void manySmallLiveFilesBecomeFewOfARangeEach() {
    Map<String, String> before = rows();
    String path = workspace.tables().featuresPath();
    rewrite(path, rows -> rows.repartition(12));
    SparkSession session = CacheFiles.session(spark);
    long largest = TableFiles.of(session, path).all().selectExpr("max(bytes)").first().getLong(0);
    long many = TableFiles.of(session, path).sums().files();
    assertThat(many).isGreaterThanOrEqualTo(8);
    try (var staging = new Staging(session, folder + "/scratch")) {
      long now = System.currentTimeMillis() + 1000;
      LiveRows live = LiveRows.of(session, workspace.root(), List.of(), now);
      TableGc.Plan plan =
          new TableGc(session, CacheTable.FEATURES, workspace.tables(), staging, 4 * (largest + 1))
              .plan(live, List.of(), now);
      assertThat(plan.told().merged()).isEqualTo(many);
      assertThat(plan.carriedOut().merged()).isEqualTo(many);
      TableGc.Plan few =
          new TableGc(session, CacheTable.ANSWERS, workspace.tables(), staging)
              .plan(live, List.of(), now);
      assertThat(few.merged()).as("three are few").isZero();
    }
    List<Row> ranges =
        workspace
            .tables()
            .features(spark)
            .groupBy("_metadata.file_name")
            .agg(functions.min("feature_key"), functions.max("feature_key"))
            .orderBy("min(feature_key)")
            .collectAsList();
    assertThat(ranges).hasSizeBetween(2, 4);
    for (int i = 1; i < ranges.size(); i++) {
      assertThat(ranges.get(i).getString(1)).isGreaterThan(ranges.get(i - 1).getString(2));
    }
    assertThat(rows()).isEqualTo(before);
  }

  @Test
  void whatLeftOfLateOrWasWrittenOfLateStays() {
    workspace = workspace(folder, GONE);
    GcReport report = gc(options(24).now());
    assertThat(report.tables()).allMatch(t -> t.dead() == 0);
    gc(options(24).keep(keys(InMemoryTeacher.segmenter("other"))).orEverything().now());
    assertThat(workspace.tables().features(spark).count()).isEqualTo(IMAGES);
    assertThatThrownBy(() -> gc(options(24 * 30).now()))
        .isInstanceOf(ConfigException.class)
        .hasMessageStartingWith("Invalid --older-than: ")
        .hasMessageContaining("remembers removed files for 168 hours")
        .hasMessageEndingWith("and give --retain as long: VACUUM takes no less)");
    spark.sql(
        "ALTER TABLE delta.`%s` SET TBLPROPERTIES ('delta.deletedFileRetentionDuration' = 'interval 30 days')"
            .formatted(workspace.root() + "/tables/samples"));
    assertThatThrownBy(() -> gc(options(24 * 30).retain(Duration.ofDays(7)).now()))
        .isInstanceOf(ConfigException.class)
        .hasMessageStartingWith("Invalid --retain: 168 h (must be >= 720 h, the property ")
        .hasMessageEndingWith("tables/samples; or --no-vacuum)");
  }

  @Test
  void rowsOfOtherTeachersSettingsAndViewsGoWhereTheUserSaysWhoseStay() {
    var inOne = new CacheOptions(DType.FP16, 1, 100, 1);
    TeacherSource other = InMemoryTeacher.segmenter("b");
    List<View> flipped = List.of(View.IDENTITY, View.FLIP_HORIZONTAL);
    refresh(other, inOne.withViews(flipped));
    refresh(TEACHER, inOne);
    Options keepOther = options(0).keep(keys(other, inOne, View.ONLY_IDENTITY));
    assertThatThrownBy(() -> gc(keepOther.now()))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining("in other views, which would go: b flip-horizontal (18 images). ")
        .hasMessageContaining("(--recipe)")
        .hasMessageEndingWith("give --other-views.");
    assertThat(workspace.tables().structure(spark).count()).isEqualTo(4 * IMAGES);
    assertThat(gc(keepOther.dryRun()).otherViews())
        .containsExactly(new GcReport.OtherView("b", View.FLIP_HORIZONTAL, IMAGES));
    assertThat(gc(options(0).keep(keys(other, inOne, flipped)).dryRun()).otherViews()).isEmpty();

    assertThat(gc(options(0).dryRun()).tables()).as("no --keep").allMatch(t -> t.dead() == 0);
    gc(options(0).keep(keys(TEACHER)).now());
    assertThat(workspace.tables().features(spark).where("teacher = 'b'").count()).isZero();
    assertThat(workspace.tables().structure(spark).count()).isEqualTo(IMAGES);
    requireSound();

    Options nothing = options(0).keep(keys(InMemoryTeacher.segmenter("nobody")));
    assertThatThrownBy(() -> gc(nothing.now()))
        .isInstanceOf(ConfigException.class)
        .hasMessageStartingWith("Nothing of the cache in ")
        .hasMessageContaining("none of its 18 feature maps is of an image")
        .hasMessageEndingWith("give --everything.");
    assertThat(workspace.tables().features(spark).count()).isEqualTo(IMAGES);
    gc(nothing.orEverything().now());
    assertThat(rows()).isEmpty();
  }

  @Test
  void twoAtATimeBesideARefreshLoseAndDoubleNothing() throws Exception {
    Map<String, String> all = rows();
    workspace = workspace(folder, GONE);
    for (int i = 0; i < 6; i++) {
      workspace.add("new " + i, 100 + i, null);
    }
    workspace.write();
    var threads = Executors.newFixedThreadPool(3);
    try {
      List<Future<?>> jobs = new ArrayList<>();
      jobs.add(threads.submit(() -> gc(options(0).now())));
      jobs.add(threads.submit(() -> refresh(TEACHER)));
      jobs.add(threads.submit(() -> gc(options(0).now())));
      for (Future<?> job : jobs) {
        job.get();
      }
    } finally {
      threads.shutdown();
    }
    requireSound();
    assertThat(all).containsAllEntriesOf(withoutNew());
  }

  @Test
  void aRunThatIsStoppedIsFinishedByTheNext() {
    workspace = workspace(folder, GONE);
    String path = workspace.tables().featuresPath();
    long version = CacheTables.version(spark, path);
    var replacement = new FileReplacement(CacheFiles.session(spark), path);
    List<String> first = List.copyOf(byFile.keySet()).subList(0, 2);
    Dataset<Row> rows = replacement.rows(first).orElseThrow();
    Dataset<Row> breaking =
        rows.map(
            (MapFunction<Row, Row>)
                row -> {
                  throw new IllegalStateException("the executor is gone");
                },
            Encoders.row(rows.schema()));
    assertThatThrownBy(() -> replacement.commit(first, Optional.of(breaking)))
        .hasRootCauseMessage("the executor is gone");
    assertThat(CacheTables.version(spark, path)).isEqualTo(version);

    try (var staging = new Staging(CacheFiles.session(spark), folder + "/scratch")) {
      long before = System.currentTimeMillis() + 1000;
      LiveRows live = LiveRows.of(CacheFiles.session(spark), workspace.root(), List.of(), before);
      new TableGc(CacheFiles.session(spark), CacheTable.ANSWERS, workspace.tables(), staging)
          .plan(live, List.of(), before)
          .carriedOut();
    }
    assertThat(workspace.tables().answers(spark).count()).isLessThan(IMAGES);
    assertThat(workspace.tables().features(spark).count()).isEqualTo(IMAGES);
    GcReport report = gc(options(0).now());
    assertThat(report.tables()).extracting(GcReport.Table::dropped).containsExactly(0L, 1L, 1L);
    requireSound();
  }

  /** Names its parts, which a row of booleans would not. */
  private record Options(
      long hours,
      List<GcOptions.Kept> keep,
      List<Pin> pins,
      boolean everything,
      Optional<Duration> retain) {
    Options retain(Duration retained) {
      return new Options(hours, keep, pins, everything, Optional.of(retained));
    }

    Options keep(GcOptions.Kept keys) {
      return new Options(hours, List.of(keys), pins, everything, retain);
    }

    Options pin(Pin pin) {
      return new Options(hours, keep, List.of(pin), everything, retain);
    }

    Options orEverything() {
      return new Options(hours, keep, pins, true, retain);
    }

    GcOptions now() {
      return of(false);
    }

    GcOptions dryRun() {
      return of(true);
    }

    private GcOptions of(boolean dryRun) {
      // Files of a moment ago count as old: the file system's clock may be a little ahead.
      Duration age = hours == 0 ? Duration.ofSeconds(-2) : Duration.ofHours(hours);
      return new GcOptions(keep, age, retain, pins, Set.of(), false, everything, false, dryRun);
    }
  }

  private static Options options(long hours) {
    return new Options(hours, List.of(), List.of(), false, Optional.empty());
  }

  /** How many embeddings can be read whole. */
  private static long decoded(Dataset<Row> features) {
    return features.select("layer_embedding_0").collectAsList().stream()
        .filter(row -> TensorColumn.decode(row.getStruct(0)).rank() == 3)
        .count();
  }

  private GcReport gc(GcOptions options) {
    return CacheGc.run(spark, workspace.root(), options, view -> false);
  }

  private void refresh(TeacherSource teacher, CacheOptions options) {
    workspace.refresh(Progress.NONE).run(spark, workspace.root(), teacher, null, options);
  }

  private CacheReport refresh(TeacherSource teacher) {
    return refresh(workspace, teacher);
  }

  private static CacheReport refresh(Workspace workspace, TeacherSource teacher) {
    return workspace.refresh(Progress.NONE).run(spark, workspace.root(), teacher, null, OPTIONS);
  }

  /** No key is there twice, no row is without its features, every sample is cached. */
  private void requireSound() {
    Dataset<Row> features = workspace.tables().features(spark).select("feature_key");
    for (CacheTable table : CacheTable.values()) {
      Dataset<Row> rows = CacheTables.delta(spark, table.path(workspace.tables()));
      Row counts = rows.selectExpr("count(*)", "count(DISTINCT " + table.key() + ")").first();
      assertThat(counts.getLong(0)).as(table.label()).isEqualTo(counts.getLong(1));
      assertThat(rows.join(features, "feature_key").count())
          .as(table.label() + " with features")
          .isEqualTo(counts.getLong(0));
    }
    CacheKeys wanted = keys(TEACHER).keys();
    Dataset<Row> samples = CacheTables.keyed(workspace.tables().samples(spark), wanted);
    Accounts.Balance balance = new Accounts(spark, workspace.tables(), wanted, samples).balance();
    assertThat(balance.cached()).as("nothing that is wanted was lost").isEqualTo(balance.wanted());
  }

  private static GcOptions.Kept keys(TeacherSource teacher) {
    return keys(teacher, OPTIONS, View.ONLY_IDENTITY);
  }

  private static GcOptions.Kept keys(
      TeacherSource teacher, CacheOptions options, List<View> views) {
    return new GcOptions.Kept(CacheKeys.of(teacher.spec(), null, options), views);
  }

  private static Workspace workspace(Path in, Set<Integer> without) {
    var made = new Workspace(spark, in.resolve("a b"));
    for (int i = 0; i < IMAGES; i++) {
      if (!without.contains(i)) {
        made.add("image " + i, i, null);
      }
    }
    return made.write();
  }

  /** The images of each file of features, files in the order of their rows' keys. */
  private static Map<String, List<Integer>> imagesByFile(Workspace workspace) {
    Map<String, List<Integer>> images = new LinkedHashMap<>();
    Map<String, Integer> seeds =
        IntStream.range(0, IMAGES).boxed().collect(toMap(i -> Workspace.sha(i), i -> i));
    workspace
        .tables()
        .features(spark)
        .selectExpr("_metadata.file_name", "content_sha256")
        .orderBy("feature_key")
        .collectAsList()
        .forEach(
            row ->
                images
                    .computeIfAbsent(row.getString(0), f -> new ArrayList<>())
                    .add(seeds.get(row.getString(1))));
    return images;
  }

  private Map<String, String> rows() {
    Map<String, String> all = new TreeMap<>();
    for (CacheTable table : CacheTable.values()) {
      CacheTables.delta(spark, table.path(workspace.tables()))
          .selectExpr(table.key(), "to_json(struct(*))")
          .collectAsList()
          .forEach(row -> all.put(row.getString(0), row.getString(1)));
    }
    return all;
  }

  private Map<String, String> withoutNew() {
    Set<String> fresh = new HashSet<>();
    workspace
        .tables()
        .features(spark)
        .where(
            functions
                .col("content_sha256")
                .isin(IntStream.range(100, 200).mapToObj(Workspace::sha).toArray()))
        .select("feature_key")
        .collectAsList()
        .forEach(row -> fresh.add(row.getString(0)));
    Map<String, String> old = rows();
    old.values().removeIf(json -> fresh.stream().anyMatch(json::contains));
    return old;
  }
}
