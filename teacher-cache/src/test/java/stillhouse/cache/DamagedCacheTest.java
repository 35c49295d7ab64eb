package stillhouse.cache;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.net.SocketTimeoutException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.commons.io.FileUtils;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.hadoop.fs.LocalFileSystem;
import org.apache.parquet.hadoop.ParquetFileReader;
import org.apache.parquet.hadoop.metadata.ColumnChunkMetaData;
import org.apache.parquet.hadoop.util.HadoopInputFile;
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
import stillhouse.teacher.LabelBoxes;
import stillhouse.teacher.PromptPlan;
import stillhouse.teacher.TeacherSource;
import stillhouse.tensor.DType;

/** Twelve images in chunks of a few, whose files are damaged in each way that disks have. */
class DamagedCacheTest {
  private static final CacheOptions OPTIONS = new CacheOptions(DType.FP16, 2, 4, 1);
  private static final TeacherSource TEACHER = InMemoryTeacher.segmenter("a");
  private static final String SEED = "some day";
  private static SparkSession spark;
  @TempDir static Path whole;
  @TempDir Path folder;
  private Workspace workspace;

  @BeforeAll
  static void fill() {
    spark = Sessions.local();
    refresh(images(whole));
  }

  /** The cache's tables go by paths of their own, the samples by where the images are. */
  @BeforeEach
  void copy() throws IOException {
    FileUtils.copyDirectory(whole.resolve("a b").toFile(), folder.resolve("a b").toFile());
    workspace = new Workspace(spark, folder.resolve("a b"));
  }

  private static Workspace images(Path in) {
    var workspace = new Workspace(spark, in.resolve("a b"));
    for (int i = 0; i < 12; i++) {
      workspace.add("image " + i, i, null);
    }
    return workspace.write();
  }

  @Test
  void everyDamageIsNamedAndRepairedToWhatItWas() throws IOException {
    Map<String, String> before = contents();
    List<Path> features = files("features");
    List<Path> structure = files("structure");
    flipIn(features.get(0), "layer_embedding_0.data");
    flipIn(features.get(1), "feature_key");
    truncate(structure.get(0));
    Files.delete(structure.get(1));
    String spoilt = spoilAnAnswer();
    assertThatThrownBy(
            () ->
                CacheFiles.session(spark)
                    .read()
                    .format("delta")
                    .load(folder.resolve("a b/cache/features").toString())
                    .foreach(row -> {}))
        .as("a reader finds it too, and names it")
        .satisfiesAnyOf(
            e -> assertThat(e).hasStackTraceContaining(name(features.get(0))),
            e -> assertThat(e).hasStackTraceContaining(name(features.get(1))));

    VerifyReport report = verify(0);
    assertThat(report.passed()).isFalse();
    VerifyReport.Table found = report.tables().get(0);
    assertThat(found.damagedFiles()).isEqualTo(2);
    assertThat(found.lostRows() + found.rows()).isEqualTo(12);
    assertThat(found.examples())
        .anyMatch(
            e -> e.contains(name(features.get(0)) + ": ") && e.contains("rows can't be read"));
    VerifyReport.Table answers = report.tables().get(1);
    assertThat(List.of(answers.damagedFiles(), answers.damagedRows(), answers.lostRows()))
        .containsExactly(1L, 1L, 0L);
    assertThat(answers.examples())
        .anyMatch(
            e ->
                e.contains("row " + spoilt + ": logits: Cannot decode tensor: crc32c of its ")
                    && e.contains("'cache --repair'"));
    assertThat(report.tables().get(2).damagedFiles()).isEqualTo(2);
    assertThat(report.samples().orElseThrow().even()).isFalse();

    CacheRepair.Report repaired = CacheRepair.cache(spark, workspace.root(), false);
    assertThat(repaired.files()).isEqualTo(5);
    assertThat(repaired.lost()).isPositive();
    assertThat(repaired.surplus()).as("answers wait for their features").isZero();
    CacheReport again = refresh();
    assertThat(again.features().written()).as("what was lost alone").isBetween(1L, 11L);
    assertThat(again.answers().written()).as("its neighbours stayed").isEqualTo(1);
    requireWhole(verify(12));
    assertThat(contents()).isEqualTo(before);
  }

  private void requireWhole(VerifyReport report) {
    assertThat(report.passed()).as(report.toString()).isTrue();
    assertThat(report.tables())
        .extracting(VerifyReport.Table::name)
        .containsExactly("features", "answers", "structure", "samples", "quarantine");
    assertThat(report.tables()).extracting(VerifyReport.Table::rows).startsWith(12L, 12L, 12L, 12L);
    assertThat(report.samples()).contains(new VerifyReport.Samples(12, 12, 0, List.of()));
    assertThat(report.recomputed())
        .contains(new VerifyReport.Recomputed(SEED, 12, 36, 0, 0, List.of()));
    assertThat(folder.resolve("a b/cache/_staging")).isEmptyDirectory();
  }

  /**
   * Parquet's sums stay right: the tensor was damaged before it was written.
   *
   * @return the row's key
   */
  private String spoilAnAnswer() {
    String path = workspace.tables().answersPath();
    Dataset<Row> rows = CacheTables.delta(spark, path);
    String key = rows.orderBy("answer_key").first().getAs("answer_key");
    String file =
        rows.where("answer_key = '" + key + "'")
            .selectExpr("_metadata.file_name")
            .first()
            .getString(0);
    var replacement = new FileReplacement(CacheFiles.session(spark), path);
    Dataset<Row> spoilt =
        replacement
            .rows(List.of(file))
            .orElseThrow()
            .withColumn(
                "logits",
                functions.expr(
                    "if(answer_key = '%s', struct(logits.dtype, logits.shape, logits.scale, logits.zero_point, logits.crc32c + 1 as crc32c, logits.data), logits)"
                        .formatted(key)));
    assertThat(replacement.commit(List.of(file), Optional.of(spoilt))).isTrue();
    assertThat(replacement.commit(List.of(file), Optional.empty())).as("it is gone").isFalse();
    return key;
  }

  /** Four images of two objects each: a box's answer is one row of two. */
  @Test
  void aQuestionOfWhichAnAnswerIsLostIsDamageAndIsAskedAgain() {
    TeacherSource promptable = InMemoryTeacher.promptable("p");
    PromptPlan boxes = new LabelBoxes(1, 8);
    workspace = new Workspace(spark, folder.resolve("asked"));
    for (int i = 0; i < 4; i++) {
      workspace.add("image " + i, i, DrawnMasks.twoClasses());
    }
    workspace.write();
    refresh(promptable, boxes);
    Map<String, String> before = contents();
    assertThat(workspace.tables().answers(spark).count()).isEqualTo(8);
    spoilAnAnswer();
    assertThat(CacheRepair.cache(spark, workspace.root(), false).lost()).isEqualTo(1);

    VerifyReport.Table answers = verify(promptable, boxes, 0).tables().get(1);
    assertThat(answers.incomplete()).isEqualTo(1);
    assertThat(answers.whole()).isFalse();
    assertThat(answers.examples())
        .singleElement()
        .asString()
        .startsWith("answers: 1 of 2 answers about features ");
    assertThat(refresh(promptable, boxes).answers().written()).isEqualTo(1);
    assertThat(contents()).isEqualTo(before);
  }

  private CacheReport refresh(TeacherSource teacher, PromptPlan plan) {
    return workspace.refresh(Progress.NONE).run(spark, workspace.root(), teacher, plan, OPTIONS);
  }

  private VerifyReport verify(TeacherSource teacher, PromptPlan plan, int recompute) {
    var refresh = workspace.refresh(Progress.NONE);
    var asked = new CacheVerify.Asked(teacher, plan, OPTIONS, refresh, recompute, SEED);
    return CacheVerify.run(spark, workspace.root(), Optional.of(asked));
  }

  /** A network that does not answer looks like damage once. */
  @Test
  void aFileThatCouldNotBeReadOnceIsNotTakenForDamaged() throws IOException {
    SparkSession flaky = spark.newSession();
    flaky.conf().set("fs.file.impl", FlakyFiles.class.getName());
    flaky.conf().set("fs.file.impl.disable.cache", "true");
    files("features").forEach(file -> FlakyFiles.SILENT.add(name(file)));
    assertThat(CacheRepair.cache(flaky, workspace.root(), false))
        .isEqualTo(CacheRepair.Report.NOTHING);
    assertThat(FlakyFiles.SILENT).as("each was met").isEmpty();
  }

  /** Fails the first time that one of some files is opened. */
  public static final class FlakyFiles extends LocalFileSystem {
    static final Set<String> SILENT = ConcurrentHashMap.newKeySet();

    @Override
    public FSDataInputStream open(org.apache.hadoop.fs.Path file, int buffer) throws IOException {
      if (SILENT.remove(file.getName())) {
        throw new SocketTimeoutException("60000 ms passed waiting for " + file);
      }
      return super.open(file, buffer);
    }
  }

  @Test
  void manyFilesAtOnceAreNotTakenForDamagedUnlessThatIsMeant() {
    var many = new DamageScan.Totals(100, 500, 6, 30, 0);
    CacheRepair.requireFew("features", new DamageScan.Totals(100, 500, 5, 30, 0), false);
    CacheRepair.requireFew("features", new DamageScan.Totals(201, 500, 6, 30, 0), false);
    CacheRepair.requireFew("features", many, true);
    assertThatThrownBy(() -> CacheRepair.requireFew("features", many, false))
        .isInstanceOf(ConfigException.class)
        .hasMessageStartingWith("Cannot repair features: 6 of its 100 files can't be read whole")
        .hasMessageContaining("Nothing was changed.")
        .hasMessageEndingWith("give --repair-many.");
  }

  /**
   * Rows that are there twice, in one file and in two; one without features; a sample twice; and a
   * teacher of the same digest and other weights, as a changed engine or device would be.
   */
  @Test
  void whatIsTooManyAndAnotherTeachersValuesAreToldAndRowsThatAreTooManyGo() throws IOException {
    Map<String, String> before = contents();
    doubleWithinAFile(workspace.tables().answersPath());
    String path = workspace.tables().structurePath();
    Dataset<Row> one = CacheTables.delta(spark, path).orderBy("structure_key").limit(1);
    append(one, path);
    append(
        one.withColumn("structure_key", functions.lit("alone"))
            .withColumn("feature_key", functions.lit("nobody")),
        path);
    String samples = workspace.root() + "/tables/samples";
    append(CacheTables.delta(spark, samples).where("sample_id = 'image 3'"), samples);

    VerifyReport report = verify(new Louder(TEACHER.spec()), 3);
    assertThat(report.tables())
        .extracting(
            VerifyReport.Table::name, VerifyReport.Table::duplicates, VerifyReport.Table::orphans)
        .startsWith(
            tuple("features", 0L, 0L),
            tuple("answers", 1L, 0L),
            tuple("structure", 1L, 1L),
            tuple("samples", 1L, 0L));
    assertThat(report.tables().get(2).examples())
        .contains("structure: row alone has no features")
        .anyMatch(e -> e.endsWith(" is there 2 times"));
    assertThat(report.tables().get(3).examples())
        .containsExactly("samples: row image 3 is there 2 times");
    VerifyReport.Recomputed again = report.recomputed().orElseThrow();
    assertThat(again.images()).isEqualTo(3);
    assertThat(again.different())
        .as("features, answers and structure")
        .isGreaterThanOrEqualTo(9)
        .isEqualTo(again.rows());
    assertThat(again.largest()).isPositive();
    assertThat(again.examples())
        .first()
        .asString()
        .startsWith("features: row ")
        .contains("layer_embedding_0: ")
        .contains("values differ, by ");

    CacheRepair.Report repaired = CacheRepair.cache(spark, workspace.root(), false);
    assertThat(List.of(repaired.files(), repaired.lost(), repaired.surplus()))
        .containsExactly(0L, 0L, 3L);
    assertThat(CacheRepair.ingested(spark, workspace.root(), false).surplus()).isEqualTo(1);
    for (String table : List.of(workspace.tables().answersPath(), path, samples)) {
      assertThat(CacheTables.delta(spark, table).count()).as(table).isEqualTo(12);
    }
    assertThat(contents()).isEqualTo(before);
  }

  private void append(Dataset<Row> rows, String path) {
    rows.write().format("delta").mode("append").save(path);
  }

  private void doubleWithinAFile(String path) {
    var replacement = new FileReplacement(CacheFiles.session(spark), path);
    String file =
        CacheTables.delta(spark, path).selectExpr("_metadata.file_name").first().getString(0);
    Dataset<Row> rows = replacement.rows(List.of(file)).orElseThrow();
    assertThat(
            replacement.commit(List.of(file), Optional.of(rows.union(rows.limit(1)).coalesce(1))))
        .isTrue();
  }

  /** A refresh of the cache alone can't know which images a lost file of samples held. */
  @Test
  void damagedSamplesAreTakenOutForIngestToFindAgain() throws IOException {
    String samples = workspace.root() + "/tables/samples";
    truncate(files(samples).get(0));
    assertThatThrownBy(() -> CacheRepair.requireIngested(spark, workspace.root()))
        .isInstanceOf(ConfigException.class)
        .hasMessageStartingWith("Cannot repair the cache alone: 1 files of " + samples)
        .hasMessageEndingWith("run 'refresh --repair'.");
    CacheRepair.Report repaired = CacheRepair.ingested(spark, workspace.root(), false);
    assertThat(repaired.files()).isEqualTo(1);
    assertThat(repaired.lost()).isPositive();
    long left = 12 - repaired.lost();
    assertThat(CacheTables.delta(spark, samples).count()).isEqualTo(left);
    long yesterday = System.currentTimeMillis() - Duration.ofDays(1).toMillis();
    LiveRows live = LiveRows.of(CacheFiles.session(spark), workspace.root(), List.of(), yesterday);
    assertThat(live.of(CacheTable.FEATURES).count())
        .as("gc, which looks into files of last week, does not stumble over it")
        .isEqualTo(left);
  }

  @Test
  void anotherSeedAsksAboutOtherImages() {
    var chosen = new HashSet<Set<String>>();
    chosen.add(asked("2026-11-26"));
    assertThat(chosen).contains(asked("2026-11-26"));
    for (String day : List.of("2026-11-27", "2026-11-28", "2026-11-29")) {
      chosen.add(asked(day));
    }
    assertThat(chosen).hasSizeGreaterThan(1).allMatch(images -> images.size() == 3);
  }

  private Set<String> asked(String seed) {
    CacheKeys keys = CacheKeys.of(TEACHER.spec(), null, OPTIONS);
    try (var staging = new Staging(spark, folder + "/scratch")) {
      return Set.copyOf(
          new Recompute(spark, workspace.tables(), keys, staging)
              .samples(new Recompute.Choice(3, seed))
              .select("sample_id")
              .as(Encoders.STRING())
              .collectAsList());
    }
  }

  private record Louder(stillhouse.teacher.TeacherSpec spec) implements TeacherSource {
    private static final long serialVersionUID = 1L;

    @Override
    public stillhouse.teacher.Teacher open() {
      return InMemoryTeacher.louder(spec);
    }
  }

  @Test
  void aWorkspaceWithoutACacheIsRefused() {
    var empty = new Workspace(spark, folder.resolve("empty")).add("image", 1, null).write();
    assertThatThrownBy(
            () -> CacheVerify.run(spark, empty.root(), Optional.of(asked(empty, TEACHER, 0))))
        .isInstanceOf(ConfigException.class)
        .hasMessageEndingWith("/empty has no cache. Run the cache job first.");
  }

  private CacheReport refresh() {
    return refresh(workspace);
  }

  private static CacheReport refresh(Workspace workspace) {
    return workspace.refresh(Progress.NONE).run(spark, workspace.root(), TEACHER, null, OPTIONS);
  }

  private VerifyReport verify(int recompute) {
    return verify(TEACHER, recompute);
  }

  private VerifyReport verify(TeacherSource teacher, int recompute) {
    return CacheVerify.run(
        spark, workspace.root(), Optional.of(asked(workspace, teacher, recompute)));
  }

  private static CacheVerify.Asked asked(Workspace in, TeacherSource teacher, int recompute) {
    return new CacheVerify.Asked(
        teacher, null, OPTIONS, in.refresh(Progress.NONE), recompute, SEED);
  }

  /** Every row of the three tables, by its key. */
  private Map<String, String> contents() {
    Map<String, String> all = new TreeMap<>();
    for (CacheTable table : CacheTable.values()) {
      CacheTables.delta(spark, table.path(workspace.tables()))
          .selectExpr(table.key(), "to_json(struct(*))")
          .collectAsList()
          .forEach(row -> all.put(row.getString(0), row.getString(1)));
    }
    return all;
  }

  private List<Path> files(String table) throws IOException {
    List<Path> files = new ArrayList<>();
    String path = table.contains("/") ? table : workspace.root() + "/cache/" + table;
    for (String uri : CacheTables.delta(spark, path).inputFiles()) {
      files.add(Path.of(new org.apache.hadoop.fs.Path(uri).toUri().getPath()));
    }
    files.sort(null);
    return files;
  }

  /** A bit in the middle of a column's last page. */
  private static void flipIn(Path file, String column) throws IOException {
    ColumnChunkMetaData chunk;
    try (var reader =
        ParquetFileReader.open(
            HadoopInputFile.fromPath(
                new org.apache.hadoop.fs.Path(file.toUri()), new Configuration()))) {
      chunk =
          reader.getFooter().getBlocks().get(0).getColumns().stream()
              .filter(c -> c.getPath().toDotString().equals(column))
              .findFirst()
              .orElseThrow();
    }
    // Hadoop's local file system has a sum of its own beside the file.
    Files.deleteIfExists(file.resolveSibling("." + file.getFileName() + ".crc"));
    try (var bytes = new RandomAccessFile(file.toFile(), "rw")) {
      long at = chunk.getStartingPos() + chunk.getTotalSize() - 3;
      bytes.seek(at);
      int old = bytes.read();
      bytes.seek(at);
      bytes.write(old ^ 4);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static String name(Path file) {
    return file.getFileName().toString();
  }

  private static void truncate(Path file) throws IOException {
    Files.deleteIfExists(file.resolveSibling("." + file.getFileName() + ".crc"));
    byte[] whole = Files.readAllBytes(file);
    Files.write(file, java.util.Arrays.copyOf(whole, whole.length / 2));
  }
}
