package stillhouse.data;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import org.apache.spark.scheduler.SparkListener;
import org.apache.spark.scheduler.SparkListenerJobStart;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import stillhouse.Sessions;

/** What an ingest reads and writes for what has changed. */
class IngestCostTest {
  private final SparkSession spark = Sessions.local();
  private SmallFolder folder;

  @BeforeEach
  void layFolder(@TempDir Path temporary) throws IOException {
    folder = SmallFolder.in(temporary);
    folder.pictures(1, "a", "b", "c");
  }

  @Test
  void writesWhatChangedAndNoOtherFile() throws Exception {
    ingest();
    List<String> first = folder.files(spark);

    var nothing = new AtomicInteger();
    assertThat(counting(nothing, this::ingest).known()).isEqualTo(3);
    assertThat(nothing.get())
        .as("jobs: the listing, the comparison, and Delta's own for the files of each scan")
        .isLessThanOrEqualTo(7);
    assertThat(folder.files(spark)).isEqualTo(first);

    folder.pictures(1, "d");
    assertThat(ingest().added()).isEqualTo(1);
    List<String> second = folder.files(spark);
    assertThat(second).as("appended to").hasSize(first.size() + 1).containsAll(first);

    folder.pictures(2, "d");
    Files.setLastModifiedTime(folder.image("d"), FileTime.fromMillis(1));
    assertThat(ingest().changed()).isEqualTo(1);
    List<String> third = folder.files(spark);
    List<String> rewritten = new ArrayList<>(second);
    rewritten.removeAll(first);
    assertThat(third).containsAll(first).doesNotContainAnyElementsOf(rewritten);
    Files.delete(folder.image("a"));
    assertThat(ingest().gone()).isEqualTo(1);
    assertThat(folder.sampled(spark)).containsExactly("b", "c", "d");
  }

  @Test
  void mendsTablesOfOlderVersions() {
    ingest();
    Map<String, Optional<String>> written = SmallFolder.digests(folder.samples(spark));
    folder
        .samples(spark)
        .drop(Samples.MASK_SHA256)
        .union(folder.samples(spark).where("image_uri like '%/a.png'").drop(Samples.MASK_SHA256))
        .localCheckpoint()
        .write()
        .format("delta")
        .mode("overwrite")
        .option("overwriteSchema", "true")
        .save(Samples.table(folder.root()));
    assertThat(folder.samples(spark).columns()).doesNotContain(Samples.MASK_SHA256);
    assertThat(folder.sampled(spark)).containsExactly("a", "a", "b", "c");
    assertThat(
            SmallFolder.digests(
                Samples.withMaskDigest(folder.samples(spark)).dropDuplicates("sample_id")))
        .isEqualTo(written);

    IngestReport report = ingest();
    assertThat(report.changed()).as("a, whose rows were doubled").isEqualTo(1);
    assertThat(report.known()).isEqualTo(2);
    assertThat(folder.sampled(spark)).containsExactly("a", "b", "c");
    assertThat(SmallFolder.digests(folder.samples(spark))).isEqualTo(written);
  }

  @Test
  void triesAgainWhatTheFileSystemRefused() {
    GuardedFiles.register(spark);
    GuardedFiles.DENIED.add("b.png");
    DatasetConfig guarded = folder.config(GuardedFiles.uri(folder.images()));
    IngestReport night = Ingest.run(spark, guarded, folder.root());
    assertThat(night.reasons()).isEqualTo(Map.of("not-readable", 1L));
    assertThat(night.added()).isEqualTo(2);
    assertThat(Ingest.run(spark, guarded, folder.root()).quarantined()).isEqualTo(1);
    GuardedFiles.DENIED.clear();
    IngestReport next = Ingest.run(spark, guarded, folder.root());
    assertThat(next.added()).as("its length and time are as they were").isEqualTo(1);
    assertThat(next.quarantined()).isZero();
    assertThat(folder.sampled(spark)).containsExactly("a", "b", "c");
  }

  private IngestReport ingest() {
    return Ingest.run(spark, folder.config(), folder.root());
  }

  private <T> T counting(AtomicInteger jobs, Supplier<T> action) throws Exception {
    var listener =
        new SparkListener() {
          @Override
          public void onJobStart(SparkListenerJobStart job) {
            jobs.incrementAndGet();
          }
        };
    spark.sparkContext().addSparkListener(listener);
    try {
      return action.get();
    } finally {
      spark.sparkContext().listenerBus().waitUntilEmpty(60_000);
      spark.sparkContext().removeSparkListener(listener);
    }
  }
}
