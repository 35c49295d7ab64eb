package stillhouse.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.NDManager;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Set;
import org.apache.commons.io.FileUtils;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import stillhouse.cache.TrainingView;
import stillhouse.cache.ViewInfo;
import stillhouse.conf.ConfigException;

/** What a reader does about views that are not what a run needs, of views that others test with. */
interface ViewFaultTests {
  Configuration HADOOP = new Configuration();

  TrainingView view();

  /** Of a teacher that gave no logits. */
  TrainingView mute();

  /** Of {@link #lacking(SparkSession, TrainingView, Path)}. */
  TrainingView lacking();

  @Test
  default void refusesASplitThatTheViewLacks() {
    assertThatThrownBy(() -> reader(view(), "test"))
        .hasMessageContaining("Cannot read split 'test'")
        .hasMessageContaining("{train=31}")
        .hasMessageEndingWith("Ingest more images, or change the split's shares.");
  }

  @Test
  default void refusesLogitsThatTheTeacherDidNotGive() {
    assertThat(reader(mute(), "train", Column.EMBEDDING)).isNotNull();
    assertThatThrownBy(() -> reader(mute(), "train", Column.LOGITS))
        .hasMessage(
            "Cannot read logits of "
                + mute().folder()
                + ": its teacher 't' gives none. Take a recipe that learns from features alone, or"
                + " another teacher.");
  }

  @Test
  default void refusesAFileThatLacksAColumn() {
    ViewReader reader = reader(lacking(), "train", Column.EMBEDDING, Column.MASK);
    assertThatThrownBy(() -> views(reader, List.of(new SampleOrder.Position(0, 0))))
        .isInstanceOf(ConfigException.class)
        .hasMessageStartingWith("Cannot read " + lacking().folder() + "/data")
        .hasMessageContaining(": it lacks the columns [embedding] (it has [sample_id, ")
        .hasMessageEndingWith(
            "Remove the view's folder "
                + lacking().folder()
                + "; train makes it again from the cache.");
  }

  /** The view in a folder of its own, whose files have no embedding. */
  static TrainingView lacking(SparkSession spark, TrainingView view, Path folder)
      throws IOException {
    Path copy = copy(view, folder);
    for (ViewInfo.ViewFile file : view.info().files("train")) {
      Path written = folder.resolve("written");
      spark
          .read()
          .parquet(view.folder() + "/" + file.path())
          .drop("embedding")
          .coalesce(1)
          .write()
          .mode("overwrite")
          .parquet(written.toString());
      try (var parts = Files.list(written)) {
        Path part = parts.filter(f -> f.toString().endsWith(".parquet")).findFirst().orElseThrow();
        Files.copy(part, copy.resolve(file.path()), StandardCopyOption.REPLACE_EXISTING);
      }
    }
    return TrainingView.open(copy.toString(), HADOOP);
  }

  /** Another teacher's view, put where a run expects its own. */
  @Test
  default void refusesAnotherTeachersViewInItsPlace(@TempDir Path folder) throws IOException {
    Path place = copy(mute(), folder);
    FileUtils.deleteDirectory(place.toFile());
    FileUtils.copyDirectory(Path.of(view().folder()).toFile(), place.toFile());
    assertThatThrownBy(() -> TrainingView.open(place.toString(), HADOOP))
        .isInstanceOf(ConfigException.class)
        .hasMessage(
            "Cannot use training view %s: its view.json is of view %s, of teacher 't'. Other files were put in its place: remove the folder, and train makes the view again."
                .formatted(place, view().info().digest()));
  }

  @Test
  default void aFailedReadReachesTheOneWhoWaits(@TempDir Path folder) throws IOException {
    Path copy = folder.resolve(view().info().digest());
    Files.createDirectories(copy);
    Files.copy(Path.of(view().folder()).resolve("view.json"), copy.resolve("view.json"));
    ViewReader reader = reader(TrainingView.open(copy.toString(), HADOOP), "train");
    try (NDManager manager = NDManager.newBaseManager();
        BatchLoader loader = BatchLoaderTest.loader(reader, BatchLoaderTest.PLAIN, 4, 0, 1)) {
      assertThatThrownBy(() -> loader.next(manager))
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("Cannot read batches of rank 0")
          .hasMessageContaining(".parquet");
      assertThatThrownBy(() -> loader.next(manager)).isInstanceOf(NoSuchElementException.class);
    }
  }

  /** As a loader of one thread reads them. */
  static List<List<ViewSample>> views(ViewReader reader, List<SampleOrder.Position> positions) {
    try (var decoders = new Decoders(1, "test")) {
      return reader.views(positions, decoders);
    }
  }

  private static ViewReader reader(TrainingView view, String split, Column... columns) {
    return new ViewReader(view, split, Set.of(columns), 1 << 20, HADOOP);
  }

  private static Path copy(TrainingView view, Path folder) throws IOException {
    Path copy = folder.resolve(view.info().digest());
    FileUtils.copyDirectory(Path.of(view.folder()).toFile(), copy.toFile());
    for (Path sum :
        FileUtils.listFiles(copy.toFile(), new String[] {"crc"}, true).stream()
            .map(java.io.File::toPath)
            .toList()) {
      Files.delete(sum); // of files that are replaced
    }
    return copy;
  }
}
