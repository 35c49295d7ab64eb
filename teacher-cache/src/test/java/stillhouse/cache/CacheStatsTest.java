package stillhouse.cache;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import stillhouse.Sessions;
import stillhouse.tensor.DType;

/** Eight images under two teachers, a segmenter's in two encodings and at two radii. */
class CacheStatsTest {
  private static SparkSession spark;
  @TempDir static Path folder;
  private static CacheStats stats;

  @BeforeAll
  static void fillAndCount() throws IOException {
    spark = Sessions.local();
    Workspace workspace = new Workspace(spark, folder.resolve("a b"));
    for (int i = 0; i < 6; i++) {
      workspace.add("image " + i, i, i < 2 ? DrawnMasks.firstPixel(i + 1) : null);
    }
    workspace.add("twin of 0", 0, DrawnMasks.firstPixel(1)).add("bad", 50, null).write();
    workspace.damage("bad");
    var refresh = workspace.refresh(Progress.NONE);
    var segmenter = InMemoryTeacher.segmenter("a");
    for (CacheOptions options :
        List.of(
            new CacheOptions(DType.FP16, 2, 100, 2),
            new CacheOptions(DType.INT8, 2, 100, 2),
            new CacheOptions(DType.FP16, 1, 100, 2))) {
      refresh.run(spark, workspace.root(), segmenter, null, options);
    }
    refresh.run(
        spark,
        workspace.root(),
        InMemoryTeacher.promptable("b"),
        new CacheRefreshTest.BoxOfEachClass("1"),
        new CacheOptions(DType.FP16, 2, 100, 2));
    Path attempt = Files.createDirectories(folder.resolve("a b/cache/views/0123/data-x"));
    Files.write(attempt.resolve("part.parquet"), new byte[77]);
    stats = StatsQueries.run(spark, workspace.root());
  }

  @Test
  void countsAndWeighsEachTable() throws IOException {
    assertThat(stats.tables())
        .extracting(CacheStats.Table::name, CacheStats.Table::rows)
        .containsExactly(
            tuple("samples", 8L),
            tuple("quarantine", 3L), // an image under the key of each view
            tuple("features", 18L),
            tuple("answers", 12L + 4 + 3),
            tuple("structure", 24L));
    for (CacheStats.Table table : stats.tables().subList(2, 5)) {
      Path at = folder.resolve("a b/cache").resolve(table.name());
      String[] live = CacheTables.delta(spark, at.toString()).inputFiles();
      long bytes = 0;
      for (String path : live) {
        bytes += Files.size(Path.of(new org.apache.hadoop.fs.Path(path).toUri().getPath()));
      }
      assertThat(table.version()).isPositive();
      assertThat(table.files()).isEqualTo(live.length);
      assertThat(table.bytes()).isEqualTo(bytes);
      assertThat(table.otherBytes())
          .as("a file of no rows, of the table's making")
          .isBetween(1L, 9_999L);
    }
  }

  @Test
  void filesThatNoVersionNamesAreCountedBesides() throws Exception {
    Path structure = folder.resolve("a b/cache/structure");
    long before = table("structure").otherBytes();
    Path stray = Files.write(structure.resolve("part-stray.parquet"), new byte[12_345]);
    CacheStats now = StatsQueries.run(spark, folder.resolve("a b").toString());
    Files.delete(stray);
    assertThat(now.tables().get(4).name()).isEqualTo("structure");
    assertThat(now.tables().get(4).otherBytes()).isEqualTo(before + 12_345);
  }

  @Test
  void rowsAndBytesAreSharedOutByWhatMadeThem() {
    assertThat(stats.features())
        .extracting(
            CacheStats.Features::teacher, CacheStats.Features::encoding, CacheStats.Features::rows)
        .containsExactly(tuple("a", "fp16", 6L), tuple("a", "int8", 6L), tuple("b", "fp16", 6L));
    assertThat(stats.structure())
        .extracting(
            CacheStats.Structure::teacher,
            CacheStats.Structure::encoding,
            CacheStats.Structure::radius,
            CacheStats.Structure::rows)
        .containsExactly(
            tuple("a", "fp16", 1, 6L),
            tuple("a", "fp16", 2, 6L),
            tuple("a", "int8", 2, 6L),
            tuple("b", "fp16", 2, 6L));
    assertThat(stats.features().stream().mapToLong(CacheStats.Features::bytes).sum())
        .as("rounded down, three times")
        .isBetween(table("features").bytes() - 3, table("features").bytes());
  }

  @Test
  void answersAreToldByWhatWasAsked() {
    assertThat(stats.answers())
        .extracting(
            CacheStats.Answers::teacher,
            CacheStats.Answers::encoding,
            CacheStats.Answers::prompt,
            CacheStats.Answers::rows,
            CacheStats.Answers::images)
        .containsExactly(
            tuple("a", "fp16", "none", 6L, 6L),
            tuple("a", "int8", "none", 6L, 6L),
            tuple("b", "fp16", "box", 3L, 2L),
            tuple("b", "fp16", "nothing", 4L, 4L));
  }

  @Test
  void samplesQuarantineAndViewsAreCounted() {
    assertThat(stats.samples())
        .containsExactly(
            new CacheStats.Split("train", 8, 3, 5, Map.of("class 1", 2L, "class 2", 1L)));
    assertThat(stats.quarantine())
        .containsExactly(new CacheStats.Refused("cache: features", "image unreadable", 1));
    assertThat(stats.views()).containsExactly(new CacheStats.View("0123", Map.of(), "", 0, 77));
    assertThat(stats.stagingBytes()).isZero();
  }

  private static CacheStats.Table table(String name) {
    return stats.tables().stream().filter(t -> t.name().equals(name)).findFirst().orElseThrow();
  }
}
