package stillhouse.teacher;

import org.apache.spark.TaskContext;

/** Where a teacher's network runs. */
public sealed interface TeacherDevice {
  /** The processor. */
  record Cpu() implements TeacherDevice {
    @Override
    public String toString() {
      return "cpu";
    }
  }

  /**
   * @param index CUDA's, as the executor's process counts them
   */
  record Gpu(int index) implements TeacherDevice {
    @Override
    public String toString() {
      return "gpu " + index;
    }
  }

  /** Spark's name of the resource: {@code spark.task.resource.gpu.amount}. */
  String RESOURCE = "gpu";

  /**
   * The processor, or the first GPU that Spark gave this thread's task; outside any task, as where
   * the driver checks or times a teacher, this machine's first.
   *
   * @throws TeacherException where the teacher asks for a GPU and the task has none
   */
  static TeacherDevice of(TeacherSource source) {
    return switch (source.device()) {
      case CPU -> new Cpu();
      case GPU -> gpu(source.spec().name(), TaskContext.get());
    };
  }

  private static TeacherDevice gpu(String teacher, TaskContext task) {
    if (task == null) {
      return new Gpu(0);
    }
    var gpu = task.resourcesJMap().get(RESOURCE);
    if (gpu == null || gpu.addresses().length == 0) {
      throw new TeacherException(
          "Cannot open teacher "
              + teacher
              + " on device gpu: Spark gave its task no GPU, only "
              + task.resourcesJMap().keySet()
              + ". Set spark.executor.resource.gpu.amount and spark.task.resource.gpu.amount=1 on a"
              + " cluster (local[N] gives none), or device: cpu in the teacher's YAML");
    }
    return new Gpu(index(teacher, gpu.addresses()[0]));
  }

  private static int index(String teacher, String address) {
    if (!address.matches("\\d{1,4}")) {
      throw new TeacherException(
          "Cannot open teacher "
              + teacher
              + " on GPU '"
              + address
              + "': its address is no index. Let the discovery script of"
              + " spark.executor.resource.gpu.discoveryScript give 0, 1, …");
    }
    return Integer.parseInt(address);
  }
}
