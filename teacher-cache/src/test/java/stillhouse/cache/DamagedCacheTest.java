package stillhouse.cache;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.apache.commons.io.FileUtils;
import org.apache.hadoop.conf.Configuration;
import org.apache.parquet.hadoop.ParquetFileReader;
import org.apache.parquet.hadoop.metadata.ColumnChunkMetaData;
import org.apache.parquet.hadoop.util.HadoopInputFile;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.functions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import stillhouse.Sessions;
import stillhouse.conf.ConfigException;
import stillhouse.teacher.TeacherSource;
import stillhouse.tensor.DType;

/** Twelve images in chunks of a few, whose files are damaged in each way that disks have. */
class DamagedCacheTest {
  private static final CacheOptions OPTIONS = new CacheOptions(DType.FP16, 2, 4, 1);
  private static final TeacherSource TEACHER = InMemoryTeacher.segmenter("a");
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
  void aWholeCachePassesAndIsGivenAgainByteForByte() throws IOException {
    VerifyReport report = verify(5);
    assertThat(report.passed()).as(report.toString()).isTrue();
    assertThat(report.tables())
        .extracting(VerifyReport.Table::name)
        .containsExactly("features", "answers", "structure", "samples", "quarantine");
    assertThat(report.tables()).extracting(VerifyReport.Table::rows).startsWith(12L, 12L, 12L);
    assertThat(report.samples()).contains(new VerifyReport.Samples(12, 12, 0, List.of()));
    assertThat(report.recomputed()).contains(new VerifyReport.Recomputed(5, 15, 0, 0, List.of()));
    assertThat(folder.resolve("a b/cache/_staging")).isEmptyDirectory();
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
    assertThat(report.tables().get(2).damagedFiles()).isEqualTo(2);
    assertThat(report.samples().orElseThrow().even()).isFalse();

    CacheRepair.Report repaired = CacheRepair.run(spark, workspace.root());
    assertThat(repaired.files()).isEqualTo(4);
    assertThat(repaired.lost()).isPositive();
    assertThat(refresh().features().written()).as("what was lost alone").isBetween(1L, 11L);
    assertThat(verify(12).passed()).isTrue();
    assertThat(contents()).isEqualTo(before);
    assertThat(CacheRepair.run(spark, workspace.root())).isEqualTo(new CacheRepair.Report(0, 0, 0));
  }

  /** Parquet's sums are right here: the tensor was damaged before it was written. */
  @Test
  void aRowWhoseTensorIsNotWhatWasSummedGoesAndItsNeighboursStay() throws IOException {
    Map<String, String> before = contents();
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

    VerifyReport.Table found = verify(0).tables().get(1);
    assertThat(List.of(found.damagedFiles(), found.damagedRows(), found.lostRows()))
        .containsExactly(1L, 1L, 0L);
    assertThat(found.examples())
        .singleElement()
        .asString()
        .contains("row " + key + ": logits: Cannot decode tensor: crc32c of its ")
        .contains("'cache --repair'");
    assertThat(CacheRepair.run(spark, workspace.root()).lost()).isEqualTo(1);
    assertThat(refresh().written()).isEqualTo(1);
    assertThat(contents()).isEqualTo(before);
  }

  @Test
  void doubledRowsRowsWithoutFeaturesAndAnotherTeachersValuesAreTold() {
    String path = workspace.tables().structurePath();
    Dataset<Row> one = CacheTables.delta(spark, path).orderBy("structure_key").limit(1);
    one.write().format("delta").mode("append").save(path);
    one.withColumn("structure_key", functions.lit("alone"))
        .withColumn("feature_key", functions.lit("nobody"))
        .write()
        .format("delta")
        .mode("append")
        .save(path);
    VerifyReport.Table found = verify(0).tables().get(2);
    assertThat(List.of(found.duplicates(), found.orphans())).containsExactly(1L, 1L);
    assertThat(found.examples())
        .contains("structure: row alone has no features")
        .anyMatch(e -> e.endsWith(" is there 2 times"));
  }

  /** The same digest, other weights: what a changed engine or device would be. */
  @Test
  void aTeacherThatSaysSomethingElseIsFound() {
    TeacherSource changed = new Louder(TEACHER.spec());
    VerifyReport.Recomputed again = verify(changed, 3).recomputed().orElseThrow();
    assertThat(again.images()).isEqualTo(3);
    assertThat(again.different()).as("features, answers and structure").isEqualTo(9);
    assertThat(again.largest()).isPositive();
    assertThat(again.examples())
        .hasSize(9)
        .first()
        .asString()
        .startsWith("features: row ")
        .contains("layer_embedding_0: ")
        .contains("values differ, by ");
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
    return new CacheVerify.Asked(teacher, null, OPTIONS, in.refresh(Progress.NONE), recompute);
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
    for (String uri : CacheTables.delta(spark, workspace.root() + "/cache/" + table).inputFiles()) {
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
