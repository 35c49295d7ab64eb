package stillhouse.jobs;

import ai.djl.Device;
import ai.djl.ndarray.NDManager;
import stillhouse.cache.TrainingView;
import stillhouse.student.Student;
import stillhouse.student.Weights;
import stillhouse.train.Experiment;
import stillhouse.train.Recording;

/** A run's student on the driver: to be counted, or filled from a checkpoint and exported. */
final class Network implements AutoCloseable {
  private final NDManager manager;
  private final Weights weights;
  private final Student student;

  Network(Experiment experiment, TrainingView view) {
    Recording.off();
    this.manager = NDManager.newBaseManager(Device.cpu(), "PyTorch");
    this.weights = new Weights(manager, 0);
    this.student = experiment.parts(view, weights).student();
  }

  /**
   * Numbers that training moves and that ship; what losses learn beside the student is not among
   * them.
   */
  long parameters() {
    return weights.parameterCount(Student.PREFIX);
  }

  NDManager manager() {
    return manager;
  }

  Weights weights() {
    return weights;
  }

  Student student() {
    return student;
  }

  @Override
  public void close() {
    weights.close();
    manager.close();
  }
}
