package stillhouse.teacher;

import ai.djl.Device;
import ai.djl.MalformedModelException;
import ai.djl.Model;
import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.jni.JniUtils;
import ai.djl.training.ParameterStore;
import java.io.IOException;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import stillhouse.tensor.FloatTensor;

/**
 * A TorchScript network in PyTorch, through DJL. It returns a tensor, a tuple or list, whose
 * outputs are named 0, 1, …, or a dictionary, whose outputs are named by its keys. PyTorch's thread
 * count is one for the whole process, so the teacher that is opened last sets it.
 */
public final class TorchScriptTeacher extends BatchedTeacher {
  private static final String ENGINE = "PyTorch";

  private final Model model;

  private TorchScriptTeacher(TeacherConfig config, Model model) {
    super(config);
    this.model = model;
  }

  /** Digests are the caller's to check: see {@link LocalTeacher#open}. */
  static TorchScriptTeacher open(LocalTeacher files) {
    TeacherConfig config = files.config();
    Engine engine = Engine.getEngine(ENGINE);
    Path file = Path.of(files.encoder());
    JniUtils.setNumThreads(config.threadCount());
    Model model = Model.newInstance(config.name(), device(config, engine), ENGINE);
    try {
      model.load(file.getParent(), String.valueOf(file.getFileName()));
      return new TorchScriptTeacher(config, model);
    } catch (IOException | MalformedModelException | RuntimeException e) {
      model.close();
      throw new TeacherException(
          "Cannot open teacher " + config.name() + " from " + file + ": " + e.getMessage(), e);
    }
  }

  @Override
  Map<String, FloatTensor> forward(FloatBuffer images) {
    try (NDManager scope = model.getNDManager().newSubManager()) {
      NDArray input = scope.create(images, new Shape(inputShape()), DataType.FLOAT32);
      NDList outputs =
          model.getBlock().forward(new ParameterStore(scope, false), new NDList(input), false);
      outputs.attach(scope);
      Map<String, FloatTensor> layers = new LinkedHashMap<>();
      for (var layer : config.outputs().entrySet()) {
        NDArray output = output(outputs, layer.getValue());
        layers.put(
            layer.getKey(),
            map(
                layer.getKey(),
                output.getShape().getShape(),
                output.toType(DataType.FLOAT32, false).toFloatArray()));
      }
      return layers;
    } catch (ai.djl.engine.EngineException e) {
      throw cannotRun(e);
    }
  }

  @Override
  public MaskAnswer decode(
      Map<String, FloatTensor> features, int width, int height, Prompt prompt) {
    throw new UnsupportedOperationException(
        "Teacher " + config.name() + " takes no prompts (TorchScript has no decoder): " + prompt);
  }

  @Override
  public void close() {
    model.close();
  }

  /** The outputs' names and shapes on zeros: TorchScript files don't declare them. */
  Map<String, long[]> shapes() {
    try (NDManager scope = model.getNDManager().newSubManager()) {
      NDList outputs =
          model
              .getBlock()
              .forward(
                  new ParameterStore(scope, false),
                  new NDList(scope.zeros(new Shape(inputShape()))),
                  false);
      outputs.attach(scope);
      Map<String, long[]> shapes = new LinkedHashMap<>();
      List<String> names = names(outputs);
      for (int i = 0; i < names.size(); i++) {
        shapes.put(names.get(i), outputs.get(i).getShape().getShape());
      }
      return shapes;
    }
  }

  private NDArray output(NDList outputs, String name) {
    int index = names(outputs).indexOf(name);
    if (index < 0) {
      throw new TeacherException(
          "Cannot read output '"
              + name
              + "' of teacher "
              + config.name()
              + ": it returns "
              + names(outputs));
    }
    return outputs.get(index);
  }

  private static List<String> names(NDList outputs) {
    List<String> names = new ArrayList<>();
    for (int i = 0; i < outputs.size(); i++) {
      String key = outputs.get(i).getName();
      names.add(key == null ? Integer.toString(i) : key);
    }
    return names;
  }

  private static Device device(TeacherConfig config, Engine engine) {
    return switch (config.device()) {
      case CPU -> Device.cpu();
      case GPU -> {
        if (engine.getGpuCount() == 0) {
          throw new TeacherException(
              "Cannot open teacher "
                  + config.name()
                  + " on device gpu: PyTorch "
                  + engine.getVersion()
                  + " sees no GPU. Put its CUDA build on the class path of a machine with a GPU, or"
                  + " set device: cpu");
        }
        yield Device.gpu();
      }
    };
  }
}
