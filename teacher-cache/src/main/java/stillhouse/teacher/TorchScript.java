package stillhouse.teacher;

import ai.djl.Device;
import ai.djl.MalformedModelException;
import ai.djl.Model;
import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.pytorch.jni.JniUtils;
import ai.djl.training.ParameterStore;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import stillhouse.tensor.FloatTensor;

/** A TorchScript file in PyTorch, through DJL, and its methods. */
final class TorchScript implements AutoCloseable {
  private static final String ENGINE = "PyTorch";

  private final Model model;

  private TorchScript(Model model) {
    this.model = model;
  }

  static TorchScript open(TeacherConfig config, String path, TeacherDevice device) {
    Engine engine = Engine.getEngine(ENGINE);
    Path file = Path.of(path);
    JniUtils.setNumThreads(config.threadCount());
    Model model = Model.newInstance(config.name(), device(config, device, engine), ENGINE);
    try {
      model.load(file.getParent(), String.valueOf(file.getFileName()));
      return new TorchScript(model);
    } catch (IOException | MalformedModelException | RuntimeException e) {
      model.close();
      throw new TeacherException(
          "Cannot open teacher " + config.name() + " from " + file + ": " + e.getMessage(), e);
    }
  }

  NDManager newScope() {
    return model.getNDManager().newSubManager();
  }

  /**
   * @return attached to the scope
   */
  NDList call(NDManager scope, String method, NDList inputs) {
    NDList arguments = new NDList();
    if (!method.equals(ModelFile.FORWARD)) {
      NDArray named = scope.create("");
      named.setName("module_method:" + method); // how DJL's PyTorch engine is told of a method
      arguments.add(named);
    }
    arguments.addAll(inputs);
    NDList outputs = model.getBlock().forward(new ParameterStore(scope, false), arguments, false);
    outputs.attach(scope);
    return outputs;
  }

  static FloatTensor read(NDArray array) {
    int[] shape = Arrays.stream(array.getShape().getShape()).mapToInt(Math::toIntExact).toArray();
    return new FloatTensor(shape, array.toType(DataType.FLOAT32, false).toFloatArray());
  }

  @Override
  public void close() {
    model.close();
  }

  private static Device device(TeacherConfig config, TeacherDevice device, Engine engine) {
    if (!(device instanceof TeacherDevice.Gpu gpu)) {
      return Device.cpu();
    }
    if (gpu.index() >= engine.getGpuCount()) {
      throw new TeacherException(
          "Cannot open teacher "
              + config.name()
              + " on "
              + gpu
              + ": PyTorch "
              + engine.getVersion()
              + " sees "
              + engine.getGpuCount()
              + " GPUs. Put its CUDA build on the class path of a machine with a GPU, or set"
              + " device: cpu");
    }
    return Device.gpu(gpu.index());
  }
}
