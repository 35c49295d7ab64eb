package stillhouse.jobs;

import ai.djl.Device;
import ai.djl.ndarray.NDManager;
import java.util.Optional;
import stillhouse.cache.TrainingView;
import stillhouse.decoder.PromptDecoderConfig;
import stillhouse.decoder.PromptGrid;
import stillhouse.decoder.PromptableDecoder;
import stillhouse.student.ProposalHead;
import stillhouse.student.PublishedWeights;
import stillhouse.student.Student;
import stillhouse.student.StudentConfig;
import stillhouse.student.Students;
import stillhouse.student.Weights;
import stillhouse.train.Experiment;
import stillhouse.train.Recording;

/** A run's student on the driver: to be counted, or filled from a checkpoint and exported. */
final class Network implements AutoCloseable {
  private static final int SMALLEST = 32; // the least side that a student takes

  private final NDManager manager;
  private final Weights weights;
  private final Experiment.Parts parts;

  Network(Experiment experiment, TrainingView view) {
    Recording.off();
    this.manager = NDManager.newBaseManager(Device.cpu(), "PyTorch");
    this.weights = new Weights(manager, 0);
    this.parts = experiment.parts(view, weights);
  }

  /**
   * Refuses a file of first weights that is not there, is another, or does not fit the student, on
   * the driver and before a rank starts.
   *
   * @throws stillhouse.conf.ConfigException with all that does not fit
   */
  static void requirePretrained(StudentConfig student) {
    if (student.pretrained() == null) {
      return;
    }
    Recording.off();
    try (NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch");
        Weights weights = new Weights(manager, 0)) {
      Students.create(student, 1, SMALLEST, SMALLEST, weights);
      PublishedWeights.load(student, weights, (tensor, values) -> {});
    }
  }

  /** As {@link #parameters()}, of a student that nobody has trained yet. */
  static long parameters(StudentConfig student, int classes) {
    Recording.off();
    try (NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch");
        Weights weights = new Weights(manager, 0)) {
      Students.create(student, classes, SMALLEST, SMALLEST, weights);
      if (student.prompt() != null) {
        var sizes = PromptDecoderConfig.of(student.prompt(), student.embedding());
        PromptableDecoder.create(sizes, new PromptGrid(1, 1, 1), Student.PREFIX, weights);
      }
      if (student.proposes()) {
        ProposalHead.create(student, weights);
      }
      return weights.parameterCount(Student.PREFIX);
    }
  }

  /**
   * Numbers that training moves and that ship; what losses learn beside the student is not among
   * them.
   */
  long parameters() {
    return weights.parameterCount(Student.PREFIX);
  }

  /**
   * Fills its decoder as a run begins with it, and makes the teacher's where a loss asks it.
   *
   * @throws stillhouse.conf.ConfigException where a file does not fit
   */
  void start(Experiment experiment) {
    experiment.startDecoders(parts, weights);
  }

  NDManager manager() {
    return manager;
  }

  Weights weights() {
    return weights;
  }

  Student student() {
    return parts.student();
  }

  /** The student's decoder for prompts; empty where it takes none. */
  Optional<PromptableDecoder> decoder() {
    return parts.decoders().student();
  }

  /** The student's head that proposes boxes; empty where it has none. */
  Optional<ProposalHead> proposals() {
    return parts.decoders().proposals();
  }

  @Override
  public void close() {
    weights.close();
    manager.close();
  }
}
