package stillhouse.jobs;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import stillhouse.conf.ConfigException;

/**
 * What a training run was, kept as {@code run.json} in its folder for export and evaluation.
 *
 * @param name of the folder under runs/
 * @param recipeFile the recipe as it was used, beside this file
 * @param studentFile the student's YAML as it was used, beside this file
 * @param view folder of the training view
 * @param viewDigest identity of the data that it was trained on
 * @param weightsDigest equal on all ranks at the end
 * @param rankDigests each rank's own, all equal to it
 * @param labels share of training images whose labels counted
 * @param steps of the optimiser
 * @param batch samples a step over all ranks; 0 in files from before it was kept
 * @param learningRate the peak; 0 as above
 * @param mlflowRun id of its MLflow run
 * @param losses of the last epoch, by name
 */
record RunRecord(
    String name,
    String recipe,
    String student,
    String dataset,
    String recipeFile,
    String studentFile,
    List<String> classes,
    int height,
    int width,
    String view,
    String viewDigest,
    String weightsDigest,
    List<String> rankDigests,
    String checkpoint,
    long seed,
    double labels,
    int ranks,
    int epochs,
    long steps,
    double seconds,
    long parameters,
    int batch,
    double learningRate,
    String mlflowRun,
    Map<String, Double> losses) {
  private static final ObjectMapper JSON =
      new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT);
  static final String FILE = "run.json";
  static final String ONNX = "student.onnx";

  void write(Path folder) {
    try {
      Files.createDirectories(folder);
      Path whole = Files.createTempFile(folder, FILE, ".tmp");
      JSON.writeValue(whole.toFile(), this);
      Files.move(
          whole,
          folder.resolve(FILE),
          java.nio.file.StandardCopyOption.ATOMIC_MOVE,
          java.nio.file.StandardCopyOption.REPLACE_EXISTING);
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot write " + folder.resolve(FILE), e);
    }
  }

  static RunRecord read(Path folder) {
    Path file = folder.resolve(FILE);
    if (!Files.isRegularFile(file)) {
      throw new ConfigException(
          "No trained run in " + folder + ": " + FILE + " is missing. Run the train job first.");
    }
    try {
      return JSON.readValue(file.toFile(), RunRecord.class);
    } catch (IOException e) {
      throw new ConfigException("Cannot read " + file + ": " + e.getMessage(), e);
    }
  }

  /** Every finished run under a workspace's runs/, by name. */
  static List<Path> finished(Path runs) {
    if (!Files.isDirectory(runs)) {
      return List.of();
    }
    try (var folders = Files.list(runs)) {
      return folders.filter(f -> Files.isRegularFile(f.resolve(FILE))).sorted().toList();
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot list " + runs, e);
    }
  }
}
