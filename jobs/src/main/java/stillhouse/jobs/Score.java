package stillhouse.jobs;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.apache.hadoop.conf.Configuration;

/**
 * One row of the table: a model, how good it is and what it costs. Kept as {@code score.json}.
 *
 * @param kind {@code teacher}, {@code student}, or {@code predictions} for another tool's masks
 * @param recipe the run's recipe; {@code teacher} for a teacher, the name for predictions
 * @param split that it was scored on
 * @param metrics flat names, as {@code EvaluationResult.toMap()} gives them
 * @param parameters null where it isn't known
 * @param bytes of the model files as they are on disk; 0 for predictions, as {@code millis}
 * @param millis the median for an image: of the ONNX file's run at batch 1 for a student, of
 *     preprocessing and encoder for a teacher
 * @param supervision what the answers rest on, such as the labels' boxes; empty for the image
 *     alone. Of predictions how many met no image, and the like
 * @param tensorrt built, or why not
 * @param model what was scored: the SHA-256 of a student's ONNX file; of a teacher those of its
 *     files, its preprocessing and its prompt plan. Empty in files from before it was kept
 * @param samples digest of the images that it was scored on, {@link SampleSet}; empty as above
 * @param images the Parquet table of per-image counts, as {@link RootOption#absolute} takes it
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
    String model,
    String samples,
    String images,
    String mlflowRun) {
  static final String FILE = "score.json";
  private static final String PREDICTIONS = "predictions";

  Score {
    model = Objects.requireNonNullElse(model, "");
    samples = Objects.requireNonNullElse(samples, "");
  }

  static Score ofPredictions(
      String name,
      String split,
      Map<String, Double> metrics,
      String remarks,
      String model,
      String samples,
      String images,
      String mlflowRun) {
    return new Score(
        name,
        PREDICTIONS,
        name,
        "",
        0,
        1,
        0,
        split,
        metrics,
        null,
        0,
        0,
        remarks,
        "",
        model,
        samples,
        images,
        mlflowRun);
  }

  /** Where the driver keeps the score of another tool's masks. */
  static Path predictions(RootOption root, String name, String split) {
    return root.runs().resolve("_predictions").resolve(name + "-" + split);
  }

  /** Whether it is of a file that a run ships, or of its engine. */
  boolean isOfStudent() {
    return "student".equals(kind);
  }

  boolean isOfPredictions() {
    return PREDICTIONS.equals(kind);
  }

  static Optional<Score> read(Path folder) {
    Path file = folder.resolve(FILE);
    if (!Files.isRegularFile(file)) {
      return Optional.empty();
    }
    return Optional.of(
        JsonFiles.read(
            file,
            "Remove it and evaluate again.",
            f -> {
              Score score = JsonFiles.JSON.readValue(f, Score.class);
              score.requireWhole();
              return score;
            }));
  }

  private void requireWhole() throws IOException {
    if (name == null || kind == null || split == null || metrics == null || images == null) {
      throw new IOException("name, kind, split, metrics or images is missing");
    }
  }

  /** The score on one split, where it was that one that was scored last. */
  static Optional<Score> read(Path folder, String split) {
    return read(folder).filter(score -> split.equals(score.split()));
  }

  /** Whether the per-image table lies where it was written. */
  boolean hasImages(RootOption root, Configuration hadoop) {
    var table = new org.apache.hadoop.fs.Path(root.absolute(images));
    try {
      return table.getFileSystem(hadoop).exists(table);
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot look for the table " + images + " of " + name, e);
    }
  }

  /** Why this score does not stand for a model on a sample set; empty where it does. */
  Optional<String> outdated(
      String ofModel, String ofSamples, RootOption root, Configuration hadoop) {
    if (model.isEmpty() || samples.isEmpty()) {
      return Optional.of("its score does not say which file and images it is of");
    }
    if (!model.equals(ofModel)) {
      return Optional.of("its score is of model " + model + ", this is " + ofModel);
    }
    if (!samples.equals(ofSamples)) {
      return Optional.of(
          "its score is of other images of split %s (%s, now %s)"
              .formatted(split, samples, ofSamples));
    }
    return hasImages(root, hadoop)
        ? Optional.empty()
        : Optional.of("its table of images " + images + " is gone");
  }

  Score write(Path folder) {
    JsonFiles.write(folder.resolve(FILE), this);
    return this;
  }
}
