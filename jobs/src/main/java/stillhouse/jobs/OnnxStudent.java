package stillhouse.jobs;

import ai.djl.ndarray.NDArray;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;
import stillhouse.cache.TrainingView;
import stillhouse.conf.ConfigException;
import stillhouse.identity.Sha256;
import stillhouse.onnx.OnnxCheck;
import stillhouse.onnx.OnnxExport;
import stillhouse.student.StudentConfig;
import stillhouse.train.Checkpoint;
import stillhouse.train.Checkpoints;
import stillhouse.train.Experiment;
import stillhouse.train.Recipe;
import stillhouse.train.ViewImages;

/**
 * A run's ONNX file, as it was written and checked.
 *
 * @param difference the largest to the network, on random and real images
 */
record OnnxStudent(long bytes, Sha256 digest, OnnxCheck.Difference difference) {
  private static final int REAL_IMAGES = 3;

  /** Writes {@code student.onnx} of a run's last checkpoint into its folder. */
  static OnnxStudent write(Path folder, RunRecord record, String checkpoints, Configuration hadoop)
      throws IOException {
    TrainingView view = TrainingView.open(record.view(), hadoop);
    Experiment experiment =
        new Experiment(
            Recipe.load(folder.resolve(record.recipeFile())),
            StudentConfig.load(folder.resolve(record.studentFile())),
            record.view(),
            1);
    try (Network network = new Network(experiment, view)) {
      checkpoint(record, checkpoints, hadoop).restore(network.weights());
      // It takes its name once it is checked: what is there is what was trained.
      Path unchecked = folder.resolve("unchecked-" + RunRecord.ONNX);
      OnnxExport.write(network.student(), network.weights(), metadata(record), unchecked);
      NDArray images = ViewImages.first(view, REAL_IMAGES, network.manager(), hadoop);
      OnnxCheck.Difference difference = OnnxCheck.compare(network.student(), unchecked, images);
      Path file = folder.resolve(RunRecord.ONNX);
      Files.move(
          unchecked, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
      return new OnnxStudent(Files.size(file), Sha256.ofFile(file), difference);
    }
  }

  /** The last one, which must hold the weights that the record speaks of. */
  private static Checkpoint checkpoint(RunRecord record, String checkpoints, Configuration hadoop) {
    Checkpoint latest =
        new Checkpoints(checkpoints, 1, hadoop)
            .latest()
            .orElseThrow(
                () ->
                    new ConfigException(
                        "No checkpoint of run " + record.name() + " in " + checkpoints));
    if (!latest.weightDigest().hex().equals(record.weightsDigest())) {
      throw new ConfigException(
          "Cannot export run "
              + record.name()
              + ": its checkpoint "
              + latest.folder()
              + " holds weights "
              + latest.weightDigest().brief()
              + ", its record says "
              + record.weightsDigest()
              + ". Train it again under another name.");
    }
    return latest;
  }

  private static Map<String, String> metadata(RunRecord record) {
    return Map.of(
        "stillhouse.classes", String.join(",", record.classes()),
        "stillhouse.height", String.valueOf(record.height()),
        "stillhouse.width", String.valueOf(record.width()),
        "stillhouse.student", record.student(),
        "stillhouse.recipe", record.recipe(),
        "stillhouse.dataset", record.dataset(),
        "stillhouse.weights", record.weightsDigest(),
        "stillhouse.view", record.viewDigest());
  }
}
