package stillhouse.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ScoreTest {
  private final Configuration hadoop = new Configuration();
  @TempDir Path folder;
  private Path table;
  private Score score;

  @BeforeEach
  void scoreOnce() throws IOException {
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
    assertThat(score.outdated("m", "s", hadoop)).isEmpty();
  }

  @Test
  void saysWhyItDoesNotStandForOthers() throws IOException {
    assertThat(score.outdated("n", "s", hadoop)).hasValue("its score is of model m, this is n");
    assertThat(score.outdated("m", "t", hadoop))
        .hasValue("its score is of other images of split test (s, now t)");
    Files.delete(table);
    assertThat(score.outdated("m", "s", hadoop))
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
    assertThat(old.hasImages(hadoop)).isTrue();
    assertThat(old.outdated("m", "s", hadoop))
        .hasValue("its score does not say which file and images it is of");
  }
}
