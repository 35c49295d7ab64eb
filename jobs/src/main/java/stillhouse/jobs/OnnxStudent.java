package stillhouse.jobs;

import ai.djl.ndarray.NDArray;
import com.fasterxml.jackson.core.JsonProcessingException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Map;
import java.util.Optional;
import org.apache.hadoop.conf.Configuration;
import stillhouse.cache.TrainingView;
import stillhouse.conf.ConfigException;
import stillhouse.identity.Sha256;
import stillhouse.onnx.OnnxCheck;
import stillhouse.onnx.OnnxExport;
import stillhouse.student.Part;
import stillhouse.student.StudentConfig;
import stillhouse.train.Checkpoint;
import stillhouse.train.Checkpoints;
import stillhouse.train.DecoderWeights;
import stillhouse.train.Experiment;
import stillhouse.train.Recipe;
import stillhouse.train.SampleWeights;
import stillhouse.train.ViewImages;

/**
 * A run's ONNX file, as it was written and checked; kept beside it as {@code onnx.json}.
 *
 * @param sha256 of the file
 * @param weights digest of the weights in it
 * @param logits the largest absolute difference to the network's logits, on random and real images
 * @param embedding likewise of its embedding
 * @param tracked whether the run in MLflow has it
 */
record OnnxStudent(
    long bytes, String sha256, String weights, double logits, double embedding, boolean tracked) {
  private static final int REAL_IMAGES = 3;
  private static final String FILE = "onnx.json";

  /** The file of a run in its folder; empty where it must be written (again). */
  static Optional<OnnxStudent> read(Path folder, RunRecord record) throws IOException {
    Path file = folder.resolve(RunRecord.ONNX);
    Path note = folder.resolve(FILE);
    if (!Files.isRegularFile(file) || !Files.isRegularFile(note)) {
      return Optional.empty();
    }
    try {
      return Optional.ofNullable(JsonFiles.JSON.readValue(note.toFile(), OnnxStudent.class))
          .filter(there -> Sha256.ofFile(file).hex().equals(there.sha256))
          .filter(there -> record.weightsDigest().equals(there.weights));
    } catch (JsonProcessingException e) { // a note that is damaged is made again with its file
      return Optional.empty();
    }
  }

  /** Notes that the run in MLflow has the file. */
  void track(Path folder) {
    JsonFiles.write(
        folder.resolve(FILE), new OnnxStudent(bytes, sha256, weights, logits, embedding, true));
  }

  /** Writes {@code student.onnx} of the checkpoint that ships into a run's folder. */
  static OnnxStudent write(Path folder, RunRecord record, RootOption root, Configuration hadoop)
      throws IOException {
    TrainingView view = TrainingView.open(root.absolute(record.view()), hadoop);
    Experiment experiment =
        new Experiment(
            Recipe.load(folder.resolve(record.recipeFile())),
            StudentConfig.load(folder.resolve(record.studentFile())),
            view.folder(),
            1,
            SampleWeights.NONE,
            DecoderWeights.taken(record.promptHeight(), record.promptWidth()));
    try (Network network = new Network(experiment, view)) {
      checkpoint(record, root.checkpoints(record.name()), hadoop).restoreForUse(network.weights());
      // It takes its name once it is checked: what is there is what was trained.
      Path unchecked = folder.resolve("unchecked-" + RunRecord.ONNX);
      Map<String, String> metadata =
          OnnxMetadata.of(record, view.info()).with(record.weightsDigest());
      OnnxExport.write(network.student(), network.weights(), metadata, unchecked);
      NDArray images = ViewImages.first(view, REAL_IMAGES, network.manager(), hadoop);
      OnnxCheck.Difference difference = OnnxCheck.compare(network.student(), unchecked, images);
      Path file = folder.resolve(RunRecord.ONNX);
      Files.move(
          unchecked, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
      if (network.decoder().isPresent()) {
        // What no phase trained proposes nothing of worth, and does not ship.
        var proposals =
            network.proposals().filter(head -> experiment.recipe().trains(Part.PROPOSALS));
        new PromptableRun(folder, record, network, network.decoder().get(), proposals)
            .write(metadata, images);
      }
      var written =
          new OnnxStudent(
              Files.size(file),
              Sha256.ofFile(file).hex(),
              record.weightsDigest(),
              difference.logits(),
              difference.embedding(),
              false);
      JsonFiles.write(folder.resolve(FILE), written);
      return written;
    }
  }

  /** The one that holds the weights that the record speaks of. */
  private static Checkpoint checkpoint(RunRecord record, String folder, Configuration hadoop) {
    Checkpoints checkpoints = new Checkpoints(folder, 1, hadoop);
    return checkpoints
        .holding(new Sha256(record.weightsDigest()))
        .orElseThrow(() -> lacking(record, folder, checkpoints.latest()));
  }

  private static ConfigException lacking(
      RunRecord record, String folder, Optional<Checkpoint> latest) {
    if (latest.isEmpty()) {
      return new ConfigException("No checkpoint of run " + record.name() + " in " + folder);
    }
    return new ConfigException(
        "Cannot export run "
            + record.name()
            + ": its checkpoint "
            + latest.get().folder()
            + " holds weights "
            + latest.get().weightDigest().brief()
            + ", its record says "
            + record.weightsDigest()
            + ". Remove the run's "
            + RunRecord.FILE
            + " and train again: it resumes from that checkpoint.");
  }
}
