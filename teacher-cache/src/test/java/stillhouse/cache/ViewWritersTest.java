package stillhouse.cache;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import stillhouse.Sessions;
import stillhouse.data.RgbImage;

/** Writers of one view that meet, fail, or were stopped. */
class ViewWritersTest {
  /** Per JVM, as tasks see copies. */
  private static final AtomicBoolean MET = new AtomicBoolean();

  private static final AtomicReference<TrainingView> RIVAL = new AtomicReference<>();
  private static SparkSession spark;

  @BeforeAll
  static void open() {
    spark = Sessions.local();
  }

  /** The second writer makes the whole view while the first reads its first image. */
  @Test
  void ofTwoWritersTheFirstToBeDoneMakesTheView(@TempDir Path other) throws IOException {
    MET.set(false);
    RIVAL.set(null);
    String place = other.toString();
    TrainingView late =
        TrainingView.materialise(
            spark,
            place,
            DrawnRows.REQUEST,
            (uri, sha) -> {
              if (MET.compareAndSet(false, true)) {
                RIVAL.set(inAThread(() -> make(Path.of(place), DrawnRows.of(spark, 10))));
              }
              return DrawnRows.image(uri, sha);
            },
            DrawnRows.of(spark, 10));
    TrainingView first = RIVAL.get();
    assertThat(first.reused()).isFalse();
    assertThat(late.reused()).isTrue();
    assertThat(late.info()).usingRecursiveComparison().isEqualTo(first.info());
    assertThat(spark.read().parquet(data(first)).count()).isEqualTo(10);
    assertThat(foldersOf(first)).containsExactly(first.info().data());
    assertThat(late.projection()).isPresent();
  }

  @Test
  void aViewIsNeverDroppedByItsWriter(@TempDir Path other) throws IOException {
    TrainingView made = make(other, DrawnRows.of(spark, 10));
    var files = new ViewFiles(made.folder(), new Configuration());
    assertThat(files.publish(made.info())).as("sent again").isTrue();
    files.drop(made.info().data());
    assertThat(foldersOf(made)).containsExactly(made.info().data());
  }

  @Test
  void aFailedWriterLeavesNothing(@TempDir Path other) throws IOException {
    Dataset<Row> rows = DrawnRows.of(spark, 10);
    assertThatThrownBy(
            () ->
                TrainingView.materialise(
                    spark, other.toString(), DrawnRows.REQUEST, ViewWritersTest::refuse, rows))
        .hasStackTraceContaining("no such image: drawn:");
    assertThat(foldersOf(make(other, rows))).hasSize(1);
  }

  @Test
  void whatAStoppedWriterLeftGoesAWeekLater(@TempDir Path other) throws IOException {
    Dataset<Row> rows = DrawnRows.of(spark, 10);
    TrainingView made = make(other, rows);
    Path folder = Path.of(made.folder());
    Path stopped = Files.createDirectories(folder.resolve("data-stopped/split=train"));
    Path working = Files.createDirectories(folder.resolve("data-working"));
    age(stopped.getParent(), 8);
    age(folder.resolve(made.info().data()), 8);
    age(working, 6);
    assertThat(make(other, rows).reused()).isTrue();
    assertThat(foldersOf(made)).containsExactlyInAnyOrder(made.info().data(), "data-working");
  }

  @Test
  void aViewThatNamesNoFolderHasItsRowsInData(@TempDir Path other) throws IOException {
    TrainingView made = make(other, DrawnRows.of(spark, 10));
    Path folder = Path.of(made.folder());
    String name = made.info().data();
    Files.move(folder.resolve(name), folder.resolve("data"));
    Files.move(folder.resolve("data/_projection.json"), folder.resolve("projection.json"));
    String json = Files.readString(folder.resolve("view.json"));
    assertThat(json).contains("\"data\" : \"" + name + "\",");
    Files.delete(folder.resolve(".view.json.crc"));
    Files.writeString(
        folder.resolve("view.json"),
        json.replace("\"data\" : \"" + name + "\",", "").replace(name, "data"));

    TrainingView old = TrainingView.open(made.folder(), new Configuration());
    assertThat(old.info().data()).isEqualTo("data");
    assertThat(old.info().files()).allMatch(f -> Files.exists(folder.resolve(f.path())));
    assertThat(old.projection().orElseThrow().dimensions()).isEqualTo(3);
    assertThat(make(other, DrawnRows.of(spark, 10)).reused()).isTrue();
  }

  @Test
  void anIncompleteViewIsMadeAgain(@TempDir Path other) throws IOException {
    Dataset<Row> rows = DrawnRows.of(spark, 10);
    TrainingView made = make(other, rows);
    Files.delete(Path.of(made.folder(), "view.json"));
    assertThatThrownBy(() -> TrainingView.open(made.folder(), new Configuration()))
        .hasMessageContaining("it has no view.json");
    TrainingView again = make(other, rows);
    assertThat(again.reused()).isFalse();
    assertThat(again.info().rows()).isEqualTo(made.info().rows());
    assertThat(again.info().data()).isNotEqualTo(made.info().data());
  }

  private static TrainingView make(Path root, Dataset<Row> rows) {
    return TrainingView.materialise(
        spark, root.toString(), DrawnRows.REQUEST, DrawnRows::image, rows);
  }

  private static RgbImage refuse(String uri, String sha) {
    throw new IllegalArgumentException("no such image: " + uri);
  }

  private static TrainingView inAThread(Callable<TrainingView> work) {
    var result = new FutureTask<>(work);
    new Thread(result, "rival").start();
    try {
      return result.get();
    } catch (InterruptedException | ExecutionException e) {
      throw new IllegalStateException(e);
    }
  }

  private static List<String> foldersOf(TrainingView view) throws IOException {
    try (Stream<Path> files = Files.list(Path.of(view.folder()))) {
      return files.filter(Files::isDirectory).map(f -> f.getFileName().toString()).toList();
    }
  }

  private static void age(Path path, int days) throws IOException {
    Files.setLastModifiedTime(path, FileTime.from(Instant.now().minus(days, ChronoUnit.DAYS)));
  }

  private static String data(TrainingView view) {
    return view.folder() + "/" + view.info().data();
  }
}
