package stillhouse.jobs;

import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;

/**
 * One row of the table: a model, how good it is and what it costs. Kept as {@code score.json}.
 *
 * @param kind {@code teacher} or {@code student}
 * @param recipe the run's recipe; {@code teacher} for a teacher
 * @param split that it was scored on
 * @param metrics flat names, as {@code EvaluationResult.toMap()} gives them
 * @param parameters null where it isn't known
 * @param bytes of the model files as they are on disk
 * @param millis the median for an image: of the ONNX file's run at batch 1 for a student, of
 *     preprocessing and encoder for a teacher
 * @param supervision what the answers rest on, such as the labels' boxes; empty for the image alone
 * @param tensorrt built, or why not
 * @param images the Parquet table of per-image counts
 */
record Score(
    String name,
    String kind,
    String recipe,
    String student,
    long seed,
    double labels,
    int ranks,
    String split,
    Map<String, Double> metrics,
    Long parameters,
    long bytes,
    double millis,
    String supervision,
    String tensorrt,
    String images,
    String mlflowRun) {
  static final String FILE = "score.json";
  private static final ObjectMapper JSON =
      new ObjectMapper()
          .enable(SerializationFeature.INDENT_OUTPUT)
          .enable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES);

  static Optional<Score> read(Path folder) {
    Path file = folder.resolve(FILE);
    if (!Files.isRegularFile(file)) {
      return Optional.empty();
    }
    try {
      return Optional.of(JSON.readValue(file.toFile(), Score.class));
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot read " + file, e);
    }
  }

  /** Whether the per-image table lies where it was written. */
  boolean hasImages() {
    return Files.isDirectory(Path.of(images.replaceFirst("^file:", "")));
  }

  /** The score on one split, where it was that one that was scored last. */
  static Optional<Score> read(Path folder, String split) {
    return read(folder).filter(score -> split.equals(score.split()));
  }

  Score write(Path folder) {
    try {
      Files.createDirectories(folder);
      JSON.writeValue(folder.resolve(FILE).toFile(), this);
      return this;
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot write " + folder.resolve(FILE), e);
    }
  }
}
