package stillhouse.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.apache.commons.io.FileUtils;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import stillhouse.data.ImageCodec;
import stillhouse.identity.Sha256;
import stillhouse.scene.Scenes;

/**
 * Nights whose jobs, ingest, cache through a projection, repair of damaged files and gc, are killed
 * at random moments, over images that come, change and go. A long trial: {@code mvn -pl jobs -am
 * test -Dtest=KilledNightsTest -Dstillhouse.kills=50 -Dsurefire.failIfNoSpecifiedTests=false}, with
 * another {@code -Dstillhouse.kills.seed} for other moments.
 */
@EnabledIfSystemProperty(named = "stillhouse.kills", matches = "\\d+")
class KilledNightsTest {
  private static final Logger log = LoggerFactory.getLogger(KilledNightsTest.class);
  private static final int KILLS = Integer.getInteger("stillhouse.kills", 1);
  private static final long SEED = Long.getLong("stillhouse.kills.seed", 5);
  private static final Duration A_JOB = Duration.ofSeconds(30); // about what the longest takes
  private static final int SIZE = 64;

  @TempDir Path folder;
  private final Random random = new Random(SEED);
  private int drawn;

  @Test
  void whateverIsKilledTheNextRunsEndWithTheCacheOfAnUndisturbedOne() throws Exception {
    describe();
    for (int i = 0; i < 8; i++) {
      draw("first " + i);
    }
    String disturbed = "disturbed";
    int kills = 0;
    for (int night = 0; kills < KILLS; night++) {
      change(night);
      for (List<String> job : jobs(disturbed)) {
        while (kills < KILLS && killed(job)) {
          log.warn("Kill {} was in {}, night {}", ++kills, job.get(0), night);
        }
      }
      damage(disturbed);
    }
    finish(disturbed);
    done(List.of("ingest", data(), root("undisturbed")));
    FileUtils.copyDirectory( // it was fitted to the first night's images
        folder.resolve(disturbed + "/cache/projections").toFile(),
        folder.resolve("undisturbed/cache/projections").toFile());
    done(List.of("cache", data(), root("undisturbed"), teacher(), "--chunk=3"));
    done(List.of("verify", data(), root(disturbed), teacher(), "--recompute=4"));
    try (var session = new LocalSession()) {
      for (String table : List.of("answers", "structure", "features")) {
        assertContains(session.spark(), disturbed, table);
      }
    }
  }

  /** A night's jobs, in order. */
  private List<List<String>> jobs(String root) {
    return List.of(
        List.of("ingest", data(), root(root)),
        List.of("cache", data(), root(root), teacher(), "--chunk=3", "--repair"),
        List.of("gc", data(), root(root), "--keep=" + folder.resolve("teacher.yaml")));
  }

  private void finish(String root) throws Exception {
    for (List<String> job : jobs(root)) {
      done(job);
    }
  }

  /** Every row of the undisturbed cache is there, byte for byte, and none is there twice. */
  private void assertContains(SparkSession spark, String root, String table) {
    Dataset<Row> there = rows(spark, root, table);
    Dataset<Row> wanted = rows(spark, "undisturbed", table);
    assertThat(wanted.count()).isPositive();
    assertThat(wanted.exceptAll(there).count()).as(table).isZero();
    String key = table.replaceAll("s$", "") + "_key";
    assertThat(there.select(key).distinct().count()).as(table).isEqualTo(there.count());
  }

  private Dataset<Row> rows(SparkSession spark, String root, String table) {
    return spark.read().format("delta").load(folder.resolve(root + "/cache/" + table).toString());
  }

  private void change(int night) throws IOException {
    draw("night " + night);
    draw("first " + night % 8);
    if (night % 2 == 1) {
      Files.delete(folder.resolve("scenes/images/night " + (night - 1) + ".png"));
    }
  }

  private void draw(String name) throws IOException {
    var scene = Scenes.draw(SEED, drawn++, SIZE);
    for (String kind : List.of("images", "masks")) {
      Files.createDirectories(folder.resolve("scenes/" + kind));
    }
    Files.write(
        folder.resolve("scenes/images/" + name + ".png"), ImageCodec.encodePng(scene.image()));
    Files.write(
        folder.resolve("scenes/masks/" + name + ".png"), ImageCodec.encodePng(scene.mask()));
  }

  /** A bit of one file of the cache, where any is there yet. */
  private void damage(String root) throws IOException {
    if (!Files.isDirectory(folder.resolve(root + "/cache/features"))) {
      return;
    }
    List<Path> files;
    try (Stream<Path> all = Files.list(folder.resolve(root + "/cache/features"))) {
      files = all.filter(f -> f.toString().endsWith(".parquet")).sorted().toList();
    }
    if (files.isEmpty()) {
      return;
    }
    Path file = files.get(random.nextInt(files.size()));
    Files.deleteIfExists(file.resolveSibling("." + file.getFileName() + ".crc"));
    try (var bytes = new RandomAccessFile(file.toFile(), "rw")) {
      long at = 4 + random.nextInt((int) bytes.length() / 2);
      bytes.seek(at);
      int old = bytes.read();
      bytes.seek(at);
      bytes.write(old ^ 16);
    }
  }

  /** Whether the job was killed before it ended by itself. */
  private boolean killed(List<String> job) throws Exception {
    Process process = start(job);
    if (process.waitFor(random.nextInt((int) A_JOB.toMillis()), TimeUnit.MILLISECONDS)) {
      assertThat(process.exitValue()).as("%s: %s", job, said()).isZero();
      return false;
    }
    process.destroyForcibly().waitFor();
    return true;
  }

  private void done(List<String> job) throws Exception {
    assertThat(start(job).waitFor()).as("%s: %s", job, said()).isZero();
  }

  private Process start(List<String> job) throws IOException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
        .filter(a -> a.startsWith("--add-opens") || a.startsWith("-Djdk.") || a.startsWith("-XX:"))
        .forEach(command::add);
    LocalSession.TWO_THREADS.forEach((key, value) -> command.add("-D" + key + "=" + value));
    command.add(Stillhouse.class.getName());
    command.addAll(job);
    var builder = new ProcessBuilder(command).redirectErrorStream(true);
    builder.environment().put("CLASSPATH", System.getProperty("java.class.path"));
    return builder.redirectOutput(folder.resolve("said").toFile()).start();
  }

  private String said() throws IOException {
    Path file = folder.resolve("said");
    return Files.exists(file) ? Files.readString(file) : "";
  }

  private String data() {
    return "--data=" + folder.resolve("data.yaml");
  }

  private String root(String name) {
    return "--root=" + folder.resolve(name);
  }

  private String teacher() {
    return "--teacher=" + folder.resolve("teacher.yaml");
  }

  private void describe() throws IOException {
    Path network =
        Path.of("../teacher-cache/src/test/resources/reference/teacher/small-segmenter.onnx")
            .toAbsolutePath()
            .normalize();
    Files.writeString(
        folder.resolve("teacher.yaml"),
        """
        name: small
        engine: onnxruntime
        threads: 1
        files:
          encoder: {source: "file:%s", sha256: %s}
        input:
          {height: 32, width: 32, batch: 2, resize: direct, scale: "0..1", mean: [0.4, 0.5, 0.6], std: [0.2, 0.25, 0.3]}
        layers: {embedding: features}
        logits: classes
        """
            .formatted(network, Sha256.ofFile(network)));
    Files.writeString(
        folder.resolve("data.yaml"),
        """
        name: nights
        classes: [scratch, dent, pinhole, fragment]
        sources:
          - {images: scenes/images, masks: scenes/masks, split: hash}
        input: {height: 64, width: 64}
        cache: {encoding: int8, projection: {channels: 2, sample: 4}}
        """);
  }
}
