package stillhouse.cache;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import stillhouse.Sessions;
import stillhouse.data.View;

class PinsTest {
  private final SparkSession spark = Sessions.local();
  @TempDir Path folder;

  @Test
  void aPinIsThereWhileItsJobRunsAndIsRenewed() throws InterruptedException {
    Pins pins = Pins.of(spark, folder.toString(), Duration.ofMillis(100));
    try (var held = pins.hold("train", "a/b c", "digest", Map.of("features", 3L))) {
      Pin pin = pins.all().get(0);
      assertThat(pin.owner()).isEqualTo("a/b c");
      assertThat(pin.versions()).containsExactly(Map.entry("features", 3L));
      assertThat(pin.alive(Instant.now())).isTrue();
      assertThat(pin.alive(Instant.now().plus(Pin.EXPIRY).plusSeconds(60))).isFalse();
      Instant end = Instant.now().plusSeconds(30);
      while (pins.all().get(0).heartbeat() == pin.heartbeat()) {
        assertThat(Instant.now()).isBefore(end);
        Thread.sleep(2);
      }
      assertThat(pins.all().get(0).since()).isEqualTo(pin.since());
    }
    assertThat(pins.all()).isEmpty();
  }

  @Test
  void aPinThatIsLeftBehindStaysUntilItIsReleased() {
    Pins pins = Pins.of(spark, folder.toString());
    pins.hold("train", "run", "digest", Map.of()).leave();
    assertThat(pins.all()).extracting(Pin::view).containsExactly("digest");
    pins.all().forEach(pins::release);
    assertThat(pins.all()).isEmpty();
  }

  @Test
  void aPinThatCannotBeReadHoldsEveryView() throws IOException {
    Files.createDirectories(folder.resolve("cache/pins"));
    Files.writeString(folder.resolve("cache/pins/train-x.json"), "{");
    Pin pin = Pins.of(spark, folder.toString()).all().get(0);
    assertThat(pin.holds("any")).isTrue();
    assertThat(pin.alive(Instant.now())).isTrue();
  }

  @Test
  void versionsAreThoseOfTheTablesThatThereAre() {
    var workspace = new Workspace(spark, folder).add("image", 1, null).write().write();
    assertThat(Pins.versions(spark, workspace.root())).containsExactly(Map.entry("samples", 1L));
  }

  @Test
  void aViewGoesUnlessItIsYoungOrNeeded() throws IOException {
    Path old = view("old");
    assertThat(collect("old", 0)).as("published of late").isEmpty();
    age(old);
    assertThat(collect("none", 0)).as("needed").isEmpty();
    assertThat(collect("none", 1)).as("needed by who pinned it meanwhile").isEmpty();
    assertThat(new ViewFiles(old.toString(), new Configuration()).complete()).isTrue();
    assertThat(old.resolve("data-1/rows.parquet")).exists();
    assertThat(collect("none", 2)).containsExactly("old");
    assertThat(old).doesNotExist();
  }

  @Test
  void whatAStoppedWriterLeftGoesAWeekLater() throws IOException {
    Path view = view("mine");
    Path other = Files.createDirectories(view.resolve("data-2"));
    Files.write(other.resolve("part"), new byte[40]);
    Path alone = Files.createDirectories(folder.resolve("cache/views/never/data-3"));
    var folders = ViewFolders.of(spark, folder.toString());
    folders.collect(d -> true, 0, false);
    assertThat(other).exists();
    for (Path stopped : List.of(other, alone)) {
      age(stopped);
    }
    assertThat(folders.collect(d -> true, 0, true).bytes()).isEqualTo(40);
    assertThat(other).exists();
    folders.collect(d -> true, 0, false);
    assertThat(other).doesNotExist();
    assertThat(alone.getParent()).doesNotExist();
    assertThat(view.resolve("data-1/rows.parquet")).exists();
  }

  /** Asks whether it is needed: no, for the first {@code answers} times, then yes. */
  private List<String> collect(String young, int answers) {
    var asked = new AtomicInteger();
    long before =
        young.equals("old") ? 0 : System.currentTimeMillis() - Duration.ofDays(1).toMillis();
    return ViewFolders.of(spark, folder.toString())
        .collect(d -> asked.incrementAndGet() > answers, before, false)
        .digests();
  }

  private Path view(String digest) throws IOException {
    Path at = folder.resolve("cache/views").resolve(digest);
    Files.createDirectories(at.resolve("data-1"));
    Files.write(at.resolve("data-1/rows.parquet"), new byte[10]);
    var info =
        new ViewInfo(
            digest,
            List.of("scratch"),
            4,
            4,
            0,
            1,
            1,
            4,
            4,
            1,
            new TreeMap<>(Map.of("train", 1L)),
            View.ONLY_IDENTITY,
            new TreeMap<>(),
            "data-1",
            List.of());
    assertThat(new ViewFiles(at.toString(), new Configuration()).publish(info)).isTrue();
    return at;
  }

  /** The folder and all in it. */
  private static void age(Path at) throws IOException {
    FileTime old = FileTime.from(Instant.now().minus(Duration.ofDays(30)));
    List<Path> all;
    try (Stream<Path> below = Files.walk(at)) {
      all = below.toList();
    }
    for (Path path : all) {
      Files.setLastModifiedTime(path, old);
    }
  }
}
