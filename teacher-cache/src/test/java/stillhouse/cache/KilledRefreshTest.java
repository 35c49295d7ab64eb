package stillhouse.cache;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import stillhouse.Sessions;

/**
 * SIGKILL, at random moments, of refreshes in JVMs of their own. One driver in each build; the
 * whole trial, of executors too, is {@code mvn -pl teacher-cache -am test -Dtest=KilledRefreshTest
 * -Dstillhouse.kills=50 -Dsurefire.failIfNoSpecifiedTests=false}, with another {@code
 * -Dstillhouse.kills.seed} for other moments.
 */
class KilledRefreshTest {
  private static final Logger log = LoggerFactory.getLogger(KilledRefreshTest.class);
  private static final int KILLS = Integer.getInteger("stillhouse.kills", 1);
  private static final long SEED = Long.getLong("stillhouse.kills.seed", 9);
  private static final int IMAGES = 12;
  private static final List<String> TABLES = List.of("features", "answers", "structure");
  private static final Duration A_BUILD = Duration.ofSeconds(20); // about what one takes
  private static final Duration LONGEST = Duration.ofMinutes(10);

  private static SparkSession spark;

  private static Workspace undisturbed;

  @TempDir static Path folder;

  @BeforeAll
  static void open() {
    spark = Sessions.local();
    undisturbed = workspace("undisturbed");
    run(undisturbed);
  }

  @Test
  void whatAKilledDriverCommittedIsWholeAndTheNextRunsFinishIt() throws Exception {
    var random = new Random(SEED);
    int build = 0;
    Workspace workspace = workspace("build 0");
    Duration whole = KILLS == 1 ? A_BUILD : aBuild();
    for (int kill = 0; kill < KILLS; kill++) {
      Duration after = Duration.ofMillis(random.nextInt((int) whole.toMillis()));
      if (endsBefore(workspace, after)) {
        assertEqual(workspace);
        workspace = workspace("build " + ++build);
        kill--; // nothing was killed
      } else {
        log.warn("Killed the driver after {}: {}", after, assertWhole(workspace));
      }
    }
    run(workspace);
    assertEqual(workspace);
  }

  @Test
  @EnabledIfSystemProperty(named = "stillhouse.kills", matches = "\\d+")
  void anExecutorThatIsKilledCostsNoRow() throws Exception {
    var random = new Random(SEED);
    int build = 0;
    for (int killed = 0; killed < KILLS; build++) {
      Workspace workspace = workspace("cluster " + build);
      try (var refresh =
          RefreshProcess.start(workspace.root(), 2, folder.resolve("log " + build))) {
        while (!refresh.endsWithin(Duration.ofMillis(random.nextInt(8_000)))) {
          if (killed < KILLS && refresh.killExecutor()) {
            killed++;
          }
        }
        log.warn("Ended with status {} after {} kills", refresh.exitStatus(), killed);
        assertWhole(workspace);
      }
      run(workspace); // finishes what too many losses of one task may have ended
      assertEqual(workspace);
    }
  }

  /** What one takes here and now: a trial has to meet all of its phases. */
  private static Duration aBuild() throws InterruptedException {
    long began = System.nanoTime();
    assertThat(endsBefore(workspace("timed"), LONGEST)).isTrue();
    return Duration.ofNanos(System.nanoTime() - began);
  }

  private static boolean endsBefore(Workspace workspace, Duration time)
      throws InterruptedException {
    Path said = folder.resolve("log");
    try (var refresh = RefreshProcess.start(workspace.root(), 0, said)) {
      boolean ended = refresh.endsWithin(time);
      if (ended) {
        assertThat(refresh.exitStatus()).as("exit status; see %s", said).isZero();
      } else {
        refresh.kill();
      }
      return ended;
    }
  }

  /** Every row is one of the undisturbed cache's, byte for byte, and none is there twice. */
  private static String assertWhole(Workspace workspace) {
    var rows = new StringBuilder();
    for (String table : TABLES) {
      String path = workspace.root() + "/cache/" + table;
      if (CacheTables.version(spark, path) < 0) {
        continue;
      }
      Dataset<Row> there = CacheTables.delta(spark, path);
      rows.append(table).append(' ').append(there.count()).append(' ');
      assertThat(there.exceptAll(rows(undisturbed, table)).isEmpty()).as(table).isTrue();
    }
    return rows.toString();
  }

  private static void assertEqual(Workspace workspace) {
    assertWhole(workspace);
    for (String table : TABLES) {
      assertThat(rows(workspace, table).count()).isEqualTo(rows(undisturbed, table).count());
    }
  }

  private static Dataset<Row> rows(Workspace workspace, String table) {
    return CacheTables.delta(spark, workspace.root() + "/cache/" + table);
  }

  private static void run(Workspace workspace) {
    CacheReport report =
        workspace
            .refresh(Progress.NONE)
            .run(
                spark,
                workspace.root(),
                InMemoryTeacher.promptable("p"),
                RefreshProcess.PLAN,
                RefreshProcess.OPTIONS);
    assertThat(report.cached()).isEqualTo(IMAGES);
    assertThat(report.quarantined()).isZero();
  }

  /** The same images under another root. */
  private static Workspace workspace(String name) {
    var workspace = new Workspace(spark, folder.resolve(name));
    for (int i = 0; i < IMAGES; i++) {
      byte[] mask = DrawnMasks.firstPixel(1 + i % 2);
      workspace.add("image " + i, i, mask);
    }
    return workspace.write();
  }
}
