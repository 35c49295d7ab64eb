package stillhouse.teacher;

import ai.djl.engine.EngineException;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.nio.FloatBuffer;
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
  private final TorchScript network;

  private TorchScriptTeacher(TeacherConfig config, TorchScript network, MaskDecoder decoder) {
    super(config, decoder);
    this.network = network;
  }

  /** Digests are the caller's to check: see {@link LocalTeacher#open}. */
  static TorchScriptTeacher open(LocalTeacher files, TeacherDevice device) {
    TeacherConfig config = files.config();
    TorchScript network = TorchScript.open(config, files.encoder(), device);
    try {
      return new TorchScriptTeacher(config, network, decoder(files, network, device));
    } catch (RuntimeException e) {
      network.close();
      throw e;
    }
  }

  private static MaskDecoder decoder(
      LocalTeacher files, TorchScript encoder, TeacherDevice device) {
    if (files.decoder() == null) {
      return null;
    }
    TeacherConfig config = files.config();
    return files.decoder().equals(files.encoder())
        ? new TorchScriptDecoder(config, encoder, false)
        : new TorchScriptDecoder(config, TorchScript.open(config, files.decoder(), device), true);
  }

  @Override
  Map<String, FloatTensor> forward(FloatBuffer images, long[] shape) {
    try (NDManager scope = network.newScope()) {
      NDArray input = scope.create(images, new Shape(shape), DataType.FLOAT32);
      NDList outputs =
          network.call(scope, config.files().encoder().methodName(), new NDList(input));
      Map<String, FloatTensor> layers = new LinkedHashMap<>();
      for (var layer : config.outputs().entrySet()) {
        FloatTensor output = TorchScript.read(output(outputs, layer.getValue()));
        layers.put(layer.getKey(), map(layer.getKey(), output));
      }
      return layers;
    } catch (EngineException e) {
      throw cannotRun(shape, e);
    }
  }

  @Override
  void closeEncoder() {
    network.close();
  }

  /** The outputs' names and shapes on zeros: TorchScript files don't declare them. */
  Map<String, long[]> shapes() {
    try (NDManager scope = network.newScope()) {
      NDList zeros = new NDList(scope.zeros(new Shape(wholeInput())));
      NDList outputs = network.call(scope, config.files().encoder().methodName(), zeros);
      Map<String, long[]> shapes = new LinkedHashMap<>();
      List<String> names = names(outputs);
      for (int i = 0; i < names.size(); i++) {
        shapes.put(names.get(i), outputs.get(i).getShape().getShape());
      }
      return shapes;
    } catch (EngineException e) {
      throw cannotRun(wholeInput(), e);
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
}
