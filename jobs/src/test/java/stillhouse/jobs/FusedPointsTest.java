package stillhouse.jobs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import stillhouse.conf.ConfigException;
import stillhouse.points.PointSettings;

class FusedPointsTest {
  private static final RunRecord RUN = RunRecords.of("plain", "scratch", 1, "", Map.of());

  @TempDir Path folder;

  private void join() throws IOException {
    new FusedPoints(new RootOption(), new Configuration())
        .of(folder, RUN, PointSettings.standard());
  }

  @Test
  void aStudentThatTakesNoPointsCannotAskItself() {
    assertThatThrownBy(this::join)
        .isInstanceOf(ConfigException.class)
        .hasMessage(
            "Cannot export plain as one file that asks itself: it has no student.decoder.onnx."
                + " Train a student whose YAML has prompt: {densePoints: true}, such as"
                + " tiny-conv-points, or leave points out of --variants.");
  }

  @Test
  void filesThatAreNoneAreNamedAndNothingIsLeft() throws IOException {
    Files.writeString(folder.resolve("student.onnx"), "no network");
    Files.writeString(folder.resolve("student.decoder.onnx"), "none either");
    assertThatThrownBy(this::join)
        .isInstanceOf(ConfigException.class)
        .hasMessageStartingWith("Cannot export plain as one file that asks itself: Cannot read a");
    assertThat(folder.toFile().list()).hasSize(2);
  }
}
