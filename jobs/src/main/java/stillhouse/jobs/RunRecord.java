package stillhouse.jobs;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.reflect.RecordComponent;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import stillhouse.conf.ConfigException;
import stillhouse.identity.Sha256;
import stillhouse.train.Checkpoints;

/**
 * What a training run was, kept as {@code run.json} in its folder for export and evaluation.
 *
 * @param name of the folder under runs/
 * @param recipeFile the recipe as it was used, beside this file
 * @param studentFile the student's YAML as it was used, beside this file
 * @param view folder of the training view, as {@link RootOption#absolute} takes it
 * @param viewDigest identity of the data that it was trained on
 * @param weightsDigest of what ships: of the run's end, where validation chose an epoch of that
 * @param rankDigests each rank's own, all equal to it
 * @param checkpoint that holds them, likewise
 * @param labels share of training images whose labels counted
 * @param epochs that were trained
 * @param steps of the optimiser in them
 * @param seconds of the training, over all drivers that had a part in it: {@link
 *     stillhouse.train.Checkpoint#seconds}
 * @param batch samples a step over all ranks; 0 in files from before it was kept
 * @param learningRate the peak; 0 as above
 * @param mlflowRun id of its MLflow run; empty where the server was away while it trained
 * @param losses of the last epoch, by name
 * @param identity of all that decided its weights; empty where an older version wrote the file
 * @param bestEpoch after how many epochs validation found it best; 0 where there was no validation
 * @param stoppedEarly whether validation ended it before its plan did
 * @param validatedOn the split by which validation chose what ships; empty where none did, and
 *     where an older version wrote the file
 * @param promptHeight of the input that the weights of the teacher's decoder were made for, which
 *     this run's keeps: {@link stillhouse.decoder.PromptInput}; 0 where there was no such decoder,
 *     and where an older version wrote the file
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
    Map<String, Double> losses,
    String identity,
    int bestEpoch,
    boolean stoppedEarly,
    String validatedOn,
    int promptHeight,
    int promptWidth) {
  static final String FILE = "run.json";
  static final String ONNX = "student.onnx";

  RunRecord {
    identity = identity == null ? "" : identity;
    validatedOn = validatedOn == null ? "" : validatedOn;
  }

  /** This record with the id of an MLflow run that was made later. */
  RunRecord withMlflowRun(String id) {
    try {
      ObjectNode fields = JsonFiles.JSON.valueToTree(this);
      return JsonFiles.JSON.treeToValue(fields.put("mlflowRun", id), RunRecord.class);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("A record is plain data: " + this, e);
    }
  }

  /**
   * Holds a run that is there against the one that is asked for.
   *
   * @param folder of this record
   * @param checkpoints of the run
   * @throws ConfigException where the two are of different terms, or the record doesn't say
   */
  void requireIdentity(Sha256 asked, Path folder, String checkpoints) {
    if (identity.equals(asked.hex())) {
      return;
    }
    String remedy =
        "Give another --name, or remove " + folder + " and " + checkpoints + " to train it anew";
    if (identity.isEmpty()) {
      throw new ConfigException(
          "Cannot tell whether run %s in %s is the one asked for: its %s names no identity (an older version wrote it). %s; or, where you know that it was trained so, add \"identity\" : \"%s\" to that file."
              .formatted(name, folder, FILE, remedy, asked));
    }
    throw new ConfigException(
        "Cannot take run %s in %s for the one asked for: its identity is %s, this command's is %s (%s). %s."
            .formatted(name, folder, identity, asked, Checkpoints.DIFFER, remedy));
  }

  void write(Path folder) {
    JsonFiles.write(folder.resolve(FILE), this);
  }

  /** Whether a folder is a trained run's. */
  static boolean isIn(Path folder) {
    return Files.exists(folder.resolve(FILE));
  }

  static RunRecord read(Path folder) {
    Path file = folder.resolve(FILE);
    if (!Files.isRegularFile(file)) {
      throw new ConfigException(missing(folder));
    }
    return JsonFiles.read(
        file,
        "Remove it and run the train job again; it goes on from the last checkpoint.",
        f -> {
          RunRecord record = JsonFiles.JSON.readValue(f, RunRecord.class);
          record.requireWhole();
          return record;
        });
  }

  /** What is said of a folder that is no trained run's: which ones lie beside it. */
  static String missing(Path folder) {
    List<String> there =
        finished(folder.toAbsolutePath().resolve("..").normalize()).stream()
            .map(run -> run.getFileName().toString())
            .toList();
    return "No trained run in %s: %s is missing. %s"
        .formatted(
            folder, FILE, there.isEmpty() ? "Run the train job first." : "Runs there: " + there);
  }

  private void requireWhole() throws IOException {
    JsonNode fields = JsonFiles.JSON.valueToTree(this);
    for (RecordComponent field : RunRecord.class.getRecordComponents()) {
      if (fields.path(field.getName()).isNull()) {
        throw new IOException(field.getName() + " is missing");
      }
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
