package stillhouse.jobs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import stillhouse.conf.ConfFiles;
import stillhouse.conf.ConfigException;
import stillhouse.data.DatasetConfig;
import stillhouse.identity.Sha256;
import stillhouse.teacher.TeacherConfig;

/** A data set chooses whether lone points go in with the boxes that a teacher proposes. */
class GranularityChoiceTest {
  @TempDir Path folder;

  @Test
  void aDataSetTakesTheTeacherAsItIsUnlessItSaysOtherwise() throws IOException {
    TeacherConfig proposing = teacher(true);
    TeacherConfig plain = teacher(false);

    assertThat(Prompts.chosen(data(""), proposing)).isEqualTo(proposing);
    assertThat(Prompts.chosen(data(""), plain)).isEqualTo(plain);
    assertThat(Prompts.chosen(data(", granularity: proposals"), proposing)).isEqualTo(proposing);
    assertThat(Prompts.chosen(data(", granularity: none"), plain)).isEqualTo(plain);
    assertThat(Prompts.chosen(data(", granularity: none"), proposing)).isEqualTo(plain);
  }

  @Test
  void proposalsOfATeacherThatHasNoneAreRefused() throws IOException {
    TeacherConfig plain = teacher(false);
    DatasetConfig data = data(", granularity: proposals");
    assertThatThrownBy(() -> Prompts.chosen(data, plain))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining("Cannot ask teacher rounds for data set plates")
        .hasMessageContaining("(granularity: proposals), and its YAML has none")
        .hasMessageContaining("Set granularity: none, leave it out, or name a teacher");
  }

  private DatasetConfig data(String granularity) throws IOException {
    return DatasetConfig.load(
        Files.writeString(
            folder.resolve("data.yaml"),
            """
            name: plates
            classes: [bar]
            sources: [{images: images, split: hash}]
            input: {height: 64, width: 64}
            prompts: {source: label-points%s}
            """
                .formatted(granularity)));
  }

  private TeacherConfig teacher(boolean proposing) throws IOException {
    String proposals =
        proposing ? file("proposals") + "\ngranularity: {nearest: 5, minScore: 0.1}" : "";
    return TeacherConfig.load(
        Files.writeString(
            folder.resolve("teacher.yaml"),
            """
            name: rounds
            engine: onnxruntime
            input:
              {height: 256, width: 256, resize: longest-side, scale: "0..1", mean: [0, 0, 0], std: [1, 1, 1]}
            layers: {embedding: image_embeddings}
            decoder: {kind: sam}
            files:
            """
                + file("encoder")
                + "\n"
                + file("decoder")
                + "\n"
                + proposals));
  }

  private static String file(String which) {
    Path at =
        ConfFiles.home()
            .resolve("teacher-cache/src/test/resources/reference/teacher")
            .resolve("rounds." + which + ".onnx")
            .toAbsolutePath();
    return "  %s: {source: \"file:%s\", sha256: %s}".formatted(which, at, Sha256.ofFile(at));
  }
}
