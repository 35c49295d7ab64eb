package stillhouse.jobs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;
import stillhouse.conf.ConfigException;

class ScoreTest {
  private final Configuration hadoop = new Configuration();
  @TempDir Path folder;
  private Path table;
  private RootOption root;
  private Score score;

  @Test
  void namesItsTableSoThatTheWorkspaceCanBeMoved() {
    String uri = "file:" + table;
    assertThat(root.relative(uri)).isEqualTo("evaluations/a/test");
    assertThat(root.absolute(root.relative(uri))).isEqualTo(uri);
    assertThat(root.absolute("s3a://bucket/table")).isEqualTo("s3a://bucket/table");
    assertThat(root.relative("s3a://bucket/table")).isEqualTo("s3a://bucket/table");
    for (String written :
        List.of("file://" + folder, "file:" + folder + "/", "file:///" + folder)) {
      RootOption same = CommandLine.populateCommand(new RootOption(), "--root=" + written);
      assertThat(same.relative(uri)).as(written).isEqualTo("evaluations/a/test");
    }
  }

  @Test
  void aFileThatIsNotWholeIsRefused() throws IOException {
    Files.writeString(folder.resolve(Score.FILE), "{}");
    assertThatThrownBy(() -> Score.read(folder))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining("images is missing. Remove it and evaluate again.");
  }

  @BeforeEach
  void scoreOnce() throws IOException {
    root = CommandLine.populateCommand(new RootOption(), "--root=" + folder);
    table = Files.createDirectories(folder.resolve("evaluations/a/test"));
    score =
        new Score(
                "a",
                "student",
                "sard",
                "tiny",
                0,
                1,
                4,
                "test",
                Map.of("iou", 0.5),
                1L,
                1,
                1,
                "",
                "",
                "m",
                "s",
                "file:" + table,
                "run")
            .write(folder);
  }

  @Test
  void standsForTheModelAndTheImagesThatItIsOf() {
    assertThat(Score.read(folder)).hasValue(score);
    assertThat(score.outdated("m", "s", root, hadoop)).isEmpty();
  }

  @Test
  void saysWhyItDoesNotStandForOthers() throws IOException {
    assertThat(score.outdated("n", "s", root, hadoop))
        .hasValue("its score is of model m, this is n");
    assertThat(score.outdated("m", "t", root, hadoop))
        .hasValue("its score is of other images of split test (s, now t)");
    Files.delete(table);
    assertThat(score.outdated("m", "s", root, hadoop))
        .hasValue("its table of images file:" + table + " is gone");
  }

  @Test
  void aFileFromBeforeDigestsWereKeptIsReadAndStandsForNothing() throws IOException {
    Path file = folder.resolve(Score.FILE);
    String without = Files.readString(file).replaceAll(" *\"(model|samples)\" : \"\\w\",\\R", "");
    assertThat(without).doesNotContain("\"model\"", "\"samples\"");
    Files.writeString(file, without);
    Score old = Score.read(folder, "test").orElseThrow();
    assertThat(old.metrics()).isEqualTo(score.metrics());
    assertThat(old.hasImages(root, hadoop)).isTrue();
    assertThat(old.outdated("m", "s", root, hadoop))
        .hasValue("its score does not say which file and images it is of");
  }
}
