package stillhouse.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.delta.DeltaConcurrentModificationException;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import stillhouse.Sessions;

/** Ingests of one workspace that meet. */
class ConcurrentIngestTest {
  private static SparkSession spark;

  private SmallFolder folder;

  @BeforeAll
  static void openSpark() {
    spark = Sessions.local();
  }

  @BeforeEach
  void layFolder(@TempDir Path temporary) throws IOException {
    folder = SmallFolder.in(temporary);
    folder.pictures(1, "a", "b", "c");
  }

  @Test
  void twoThatPlanTheSameFilesDoubleNone() throws Exception {
    var barrier = new CyclicBarrier(2);
    ExecutorService threads = Executors.newFixedThreadPool(2);
    try {
      Callable<IngestReport> ingest = () -> ingest(once(() -> meet(barrier)));
      Future<IngestReport> one = threads.submit(ingest);
      Future<IngestReport> other = threads.submit(ingest);
      assertThat(one.get().added() + other.get().added()).isEqualTo(3);
      assertThat(one.get().known() + other.get().known()).isEqualTo(3);
    } finally {
      threads.shutdownNow();
    }
    assertThat(folder.sampled(spark)).containsExactly("a", "b", "c");
  }

  @Test
  void anOlderListingUndoesNothingOfANewerOne() {
    IngestReport older =
        ingest(
            once(
                () -> {
                  folder.pictures(1, "d");
                  assertThat(ingest(() -> {}).added()).isEqualTo(4);
                  folder.pictures(1, "e");
                }));
    assertThat(older.known()).as("what the newer one committed").isEqualTo(4);
    assertThat(older.added()).as("e").isEqualTo(1);
    assertThat(older.gone()).isZero();
    assertThat(folder.sampled(spark)).containsExactly("a", "b", "c", "d", "e");
  }

  @Test
  void givesUpWhereOthersAreAlwaysFirst() {
    ingest(() -> {});
    folder.pictures(1, "d");
    var commits = new AtomicInteger();
    assertThatThrownBy(
            () ->
                ingest(
                    () ->
                        spark.sql(
                            "ALTER TABLE delta.`%s` SET TBLPROPERTIES ('another' = '%d')"
                                .formatted(
                                    Samples.table(folder.root()), commits.incrementAndGet()))))
        .isInstanceOf(IllegalStateException.class)
        .hasCauseInstanceOf(DeltaConcurrentModificationException.class)
        .hasMessage(
            "Cannot ingest test: other writers were first to commit to %s/tables in 5 attempts. Run one ingest or refresh of a workspace at a time.",
            folder.root());
    assertThat(commits).hasValue(5);
    assertThat(folder.sampled(spark)).containsExactly("a", "b", "c");
  }

  private IngestReport ingest(Runnable planned) {
    return Ingest.run(spark, folder.config(), folder.root(), planned);
  }

  private static Runnable once(Runnable action) {
    var done = new AtomicBoolean();
    return () -> {
      if (!done.getAndSet(true)) {
        action.run();
      }
    };
  }

  private static void meet(CyclicBarrier barrier) {
    try {
      barrier.await(2, TimeUnit.MINUTES);
    } catch (Exception e) {
      throw new IllegalStateException("The other ingest did not come to its commit", e);
    }
  }
}
