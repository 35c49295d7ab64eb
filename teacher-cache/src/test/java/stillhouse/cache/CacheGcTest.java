package stillhouse.cache;

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
import org.apache.commons.io.FileUtils;
import org.apache.spark.api.java.function.MapFunction;
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
import stillhouse.teacher.TeacherSource;
import stillhouse.tensor.DType;
import stillhouse.tensor.TensorColumn;

/**
 * Eighteen images in three files of features; of one file all images go, of one all but one, of the
 * third one.
 */
class CacheGcTest {
  private static final int IMAGES = 18;
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

  @Test
  void deadFilesGoPoorOnesShrinkAndTheOthersStay() {
    workspace = workspace(folder, GONE);
    Map<String, String> live = rows();
    GcReport told = gc(options(0).dryRun());
    assertThat(rows()).as("a dry run").isEqualTo(live);
    GcReport done = gc(options(0).now());
    List<String> files = List.copyOf(byFile.keySet());
    int stay = IMAGES - GONE.size();
    for (GcReport report : List.of(told, done)) {
      GcReport.Table features = report.tables().get(2);
      assertThat(features.name()).isEqualTo("features");
      assertThat(
              List.of(features.rows(), features.dead(), features.dropped(), features.compacted()))
          .containsExactly((long) IMAGES, (long) GONE.size(), 1L, 1L);
      assertThat(features.freedBytes()).isPositive();
    }
    assertThat(imagesByFile(workspace))
        .containsKey(files.get(2))
        .doesNotContainKeys(files.get(0), files.get(1));
    Map<String, String> after = rows();
    assertThat(live).containsAllEntriesOf(after);
    assertThat(workspace.tables().features(spark).count())
        .as("the last file is more than half live")
        .isEqualTo(stay + 1);
    requireSound();

    workspace = workspace(folder, Set.of());
    assertThat(refresh(TEACHER).features().written())
        .as("images that came back are asked again")
        .isEqualTo(GONE.size() - 1);
    assertThat(rows()).isEqualTo(live);
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
        .hasMessageContaining("remembers removed files for 168 hours");
  }

  @Test
  void rowsOfOtherTeachersAndSettingsGoWhereTheUserSaysWhoseStay() {
    var inOne = new CacheOptions(DType.FP16, 1, 100, 1);
    for (TeacherSource asked : List.of(InMemoryTeacher.segmenter("b"), TEACHER)) {
      workspace.refresh(Progress.NONE).run(spark, workspace.root(), asked, null, inOne);
    }
    gc(options(0).now());
    assertThat(workspace.tables().features(spark).count()).isEqualTo(2 * IMAGES);
    assertThat(workspace.tables().structure(spark).count()).isEqualTo(3 * IMAGES);
    gc(options(0).keep(keys(TEACHER)).now());
    assertThat(workspace.tables().features(spark).where("teacher = 'b'").count()).isZero();
    assertThat(workspace.tables().structure(spark).count()).isEqualTo(IMAGES);
    assertThat(refresh(TEACHER).written()).isZero();
  }

  @Test
  void anEmptyCacheIsRefusedUnlessItIsMeant() {
    Options others = options(0).keep(keys(InMemoryTeacher.segmenter("other")));
    assertThatThrownBy(() -> gc(others.now()))
        .isInstanceOf(ConfigException.class)
        .hasMessageStartingWith("Nothing of the cache in ")
        .hasMessageContaining("none of its 18 feature maps is of an image")
        .hasMessageEndingWith("give --everything.");
    assertThat(workspace.tables().features(spark).count()).isEqualTo(IMAGES);
    gc(others.orEverything().now());
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

  @Test
  void filesOfAPinnedVersionOutliveVacuum() {
    spark.conf().set("spark.databricks.delta.retentionDurationCheck.enabled", "false");
    try {
      String path = workspace.tables().featuresPath();
      long version = CacheTables.version(spark, path);
      long hour = Duration.ofHours(1).toMillis();
      long now = Instant.now().toEpochMilli();
      var pin = new Pin("run", "evaluate", "", Map.of("features", version), now - 30 * hour, now);
      workspace = workspace(folder, GONE);
      GcReport pinned = gc(options(0).pin(pin).retainNothing().now());
      assertThat(pinned.vacuums())
          .extracting(GcReport.Vacuum::table, GcReport.Vacuum::hours)
          .contains(tuple("features", 32L), tuple("answers", 0L));
      Dataset<Row> old = spark.read().format("delta").option("versionAsOf", version).load(path);
      assertThat(decoded(old)).isEqualTo(IMAGES);
      GcReport free = gc(options(0).retainNothing().now());
      assertThat(free.vacuums().get(0).files()).isEqualTo(2);
      assertThatThrownBy(() -> decoded(old)).hasStackTraceContaining(".parquet does not exist");
      requireSound();
    } finally {
      spark.conf().unset("spark.databricks.delta.retentionDurationCheck.enabled");
    }
  }

  /** Names its parts, which a row of booleans would not. */
  private record Options(
      long hours,
      List<GcOptions.Kept> keep,
      List<Pin> pins,
      boolean everything,
      Optional<Duration> retain) {
    Options retainNothing() {
      return new Options(hours, keep, pins, everything, Optional.of(Duration.ZERO));
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
      return new GcOptions(keep, age, retain, pins, Set.of(), false, everything, dryRun);
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
    assertThat(refresh(TEACHER).written()).as("nothing that is wanted was lost").isZero();
  }

  private static GcOptions.Kept keys(TeacherSource teacher) {
    return new GcOptions.Kept(CacheKeys.of(teacher.spec(), null, OPTIONS), View.ONLY_IDENTITY);
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
    workspace
        .tables()
        .features(spark)
        .selectExpr("_metadata.file_name", "sample_id")
        .orderBy("feature_key")
        .collectAsList()
        .forEach(
            row ->
                images
                    .computeIfAbsent(row.getString(0), f -> new ArrayList<>())
                    .add(Integer.valueOf(row.getString(1).replace("image ", ""))));
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
        .where("sample_id LIKE 'new%'")
        .select("feature_key")
        .collectAsList()
        .forEach(row -> fresh.add(row.getString(0)));
    Map<String, String> old = rows();
    old.values().removeIf(json -> fresh.stream().anyMatch(json::contains));
    return old;
  }
}
