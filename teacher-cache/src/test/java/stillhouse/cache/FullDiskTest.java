package stillhouse.cache;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import java.nio.file.Path;
import java.util.Random;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import stillhouse.Sessions;
import stillhouse.teacher.TeacherSource;
import stillhouse.tensor.DType;

/**
 * Refreshes whose disk is full after some bytes. Once in each build; {@code
 * -Dstillhouse.fullDisks=N} for more of them, {@code -Dstillhouse.fullDisks.seed} for others.
 */
class FullDiskTest {
  private static final Logger log = LoggerFactory.getLogger(FullDiskTest.class);
  private static final int TIMES = Integer.getInteger("stillhouse.fullDisks", 1);
  private static final long SEED = Long.getLong("stillhouse.fullDisks.seed", 3);
  private static final CacheOptions OPTIONS = new CacheOptions(DType.FP16, 2, 2, 1);
  private static final TeacherSource TEACHER = InMemoryTeacher.segmenter("a");
  private static final int IMAGES = 4;

  private final SparkSession spark = Sessions.local();
  @TempDir Path folder;

  @BeforeEach
  void mount() {
    FullDisk.register(spark.sparkContext().hadoopConfiguration());
  }

  @AfterEach
  void free() {
    FullDisk.FREE.set(Long.MAX_VALUE);
  }

  @Test
  void aFullDiskEndsTheRunAndTheNextOneWithRoomFinishesIt() {
    Workspace whole = workspace("whole");
    assertThat(refresh(whole).cached()).isEqualTo(IMAGES);
    long written = Long.MAX_VALUE - FullDisk.FREE.get();
    var random = new Random(SEED);
    for (int time = 0; time < TIMES; time++) {
      Workspace workspace = workspace("full " + time);
      long room = (long) (written * 0.95 * (time + random.nextDouble()) / TIMES);
      FullDisk.FREE.set(room);
      Throwable failure = catchThrowable(() -> refresh(workspace));
      assertThat(failure).as("%d of %d bytes", room, written).isNotNull();
      assertThat(failure).hasStackTraceContaining("No space left on device");

      FullDisk.FREE.set(Long.MAX_VALUE);
      log.warn("{} of {} bytes: {}", room, written, assertNothingElse(workspace, whole));
      assertThat(refresh(workspace).cached()).isEqualTo(IMAGES);
      assertNothingElse(workspace, whole);
      for (CacheTable table : CacheTable.values()) {
        assertThat(rows(workspace, table).count()).isEqualTo(IMAGES);
      }
    }
  }

  /** What was committed is whole: rows of the undisturbed cache, none of them twice. */
  private String assertNothingElse(Workspace workspace, Workspace whole) {
    var there = new StringBuilder();
    for (CacheTable table : CacheTable.values()) {
      if (CacheTables.version(spark, table.path(tables(workspace))) >= 0) {
        Dataset<Row> rows = rows(workspace, table);
        there.append(table.label()).append(' ').append(rows.count()).append(' ');
        assertThat(rows.exceptAll(rows(whole, table)).collectAsList()).as(table.label()).isEmpty();
      }
    }
    return there.toString();
  }

  private Dataset<Row> rows(Workspace workspace, CacheTable table) {
    return CacheTables.delta(spark, table.path(tables(workspace)));
  }

  private CacheReport refresh(Workspace workspace) {
    return workspace.refresh(Progress.NONE).run(spark, root(workspace), TEACHER, null, OPTIONS);
  }

  private static CacheTables tables(Workspace workspace) {
    return CacheTables.of(root(workspace));
  }

  private static String root(Workspace workspace) {
    return FullDisk.SCHEME + ":" + workspace.root();
  }

  private Workspace workspace(String name) {
    var workspace = new Workspace(spark, folder.resolve(name));
    for (int i = 0; i < IMAGES; i++) {
      workspace.add("image " + i, i, null);
    }
    return workspace.write();
  }
}
