package stillhouse.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.NDManager;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import stillhouse.cache.TrainingView;
import stillhouse.conf.ConfigException;
import stillhouse.decoder.PromptDecoderConfig;
import stillhouse.decoder.PromptGrid;
import stillhouse.decoder.PromptInput;
import stillhouse.decoder.PromptableDecoder;
import stillhouse.decoder.PublishedDecoder;
import stillhouse.identity.Sha256;
import stillhouse.student.StudentConfig;
import stillhouse.student.Weights;

/** A student of 32×32 pixels and the decoder of a teacher of 128×128, both upon 8×8 cells. */
class PromptedExperimentTest {
  private static final String STUDENT =
      """
      name: asked
      network: conv-pyramid
      norm: batch
      channels: [8, 8, 8]
      depths: [0, 1, 1]
      decoder: 8
      embedding: 8
      prompt: {depth: 1, heads: %d, mlp: 8, start: teacher}
      """;
  private static final String RECIPE =
      """
      name: loop
      losses:
        prompt-teacher: {weight: 1.0}
      training:
        epochs: 3
        batch: 8
        optimizer: {type: adamw, learningRate: 0.02}
      alignment: {grid: 8}
      """;
  private static final String VIEW =
      """
      {"digest": "view", "classes": ["scratch"], "height": 32, "width": 32, "channels": 8,
       "gridHeight": 8, "gridWidth": 8, "logitsHeight": 0, "logitsWidth": 0, "rowsPerGroup": 1,
       "rows": {}, "provenance": {}, "files": []}
      """;

  @TempDir Path folder;
  private NDManager manager;
  private DecoderWeights teacher;

  /** The teacher's decoder, as a run exports it. */
  @BeforeEach
  void export() throws IOException {
    manager = NDManager.newBaseManager("PyTorch");
    Path file = folder.resolve("teacher.safetensors");
    try (Weights weights = new Weights(manager, 5)) {
      var config = PromptDecoderConfig.of(student(2).prompt(), 8);
      var grid = new PromptGrid(8, 8, 16);
      PromptableDecoder decoder = PromptableDecoder.create(config, grid, "student.", weights);
      DecoderTensors.write(decoder, weights, file);
    }
    teacher =
        new DecoderWeights(
            file.toString(),
            Sha256.ofFile(file).hex(),
            PublishedDecoder.madeFor(file).orElseThrow());
    Path view = Files.createDirectories(folder.resolve("view"));
    Files.writeString(view.resolve("view.json"), VIEW);
    Files.writeString(
        view.resolve("projection.json"), "{\"mean\": [], \"directions\": [], \"variances\": []}");
  }

  @AfterEach
  void close() {
    manager.close();
  }

  @Test
  void studentAndTeacherOnlineHaveTheTeachersPlacesAndSoHasWhatIsExported() {
    try (Weights weights = new Weights(manager, 1)) {
      Experiment experiment = experiment(2, teacher);
      Experiment.Parts parts = experiment.parts(view(), weights);
      experiment.startDecoders(parts, weights);

      var input = new PromptInput(128, 128);
      assertThat(parts.decoders().student().orElseThrow().grid())
          .isEqualTo(new PromptGrid(8, 8, 4, input));
      assertThat(parts.decoders().requireTeacher("l").grid().madeFor()).isEqualTo(input);
    }
    try (Weights weights = new Weights(manager, 1)) {
      Experiment.Parts parts = experiment(2, DecoderWeights.taken(128, 128)).parts(view(), weights);
      assertThat(PublishedDecoder.metadata(parts.decoders().student().orElseThrow()))
          .containsEntry("input_height", "128")
          .containsEntry("heads", "2");
    }
    try (Weights weights = new Weights(manager, 1)) {
      Experiment.Parts parts = experiment(2, DecoderWeights.taken(0, 0)).parts(view(), weights);
      assertThat(parts.decoders().student().orElseThrow().grid())
          .isEqualTo(new PromptGrid(8, 8, 4));
    }
  }

  @Test
  void aStudentOfAnotherNumberOfHeadsIsRefused() {
    try (Weights weights = new Weights(manager, 1)) {
      Experiment experiment = experiment(4, teacher);
      Experiment.Parts parts = experiment.parts(view(), weights);
      assertThatThrownBy(() -> experiment.startDecoders(parts, weights))
          .isInstanceOf(ConfigException.class)
          .hasMessage(
              "Cannot use the weights %s: they are of another decoder.\n"
                  + "  - heads: 2 in the file, 4 in the decoder (the student's prompt.heads)",
              teacher.file());
    }
  }

  private Experiment experiment(int heads, DecoderWeights decoder) {
    Recipe recipe = Recipe.load(write("loop.yaml", RECIPE));
    return new Experiment(
        recipe, student(heads), folder.resolve("view").toString(), 1, SampleWeights.NONE, decoder);
  }

  private TrainingView view() {
    return TrainingView.open(folder.resolve("view").toString(), new Configuration());
  }

  private StudentConfig student(int heads) {
    return StudentConfig.load(write("student.yaml", STUDENT.formatted(heads)));
  }

  private Path write(String name, String text) {
    try {
      return Files.writeString(folder.resolve(name), text);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
