package stillhouse.teacher;

import ai.djl.engine.EngineException;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import stillhouse.tensor.FloatTensor;

/**
 * A mask decoder in TorchScript, which takes and gives tensors by their place in the published
 * order. It may be another method of the encoder's own file, as in DJL's model zoo.
 */
final class TorchScriptDecoder extends MaskDecoder {
  private final TorchScript network;
  private final boolean own;

  /**
   * @param own whether the network is closed with the decoder
   */
  TorchScriptDecoder(TeacherConfig config, TorchScript network, boolean own) {
    super(config);
    this.network = network;
    this.own = own;
  }

  @Override
  DecoderConfig.Masks masks() {
    return kind.masks().get(0);
  }

  @Override
  Fed feed(Map<String, FloatTensor> features) {
    NDManager image = network.newScope();
    List<NDArray> arrays = features.values().stream().map(v -> array(image, v)).toList();
    return new FedArrays(image, arrays);
  }

  private final class FedArrays implements Fed {
    private final NDManager image;
    private final List<NDArray> features;

    FedArrays(NDManager image, List<NDArray> features) {
      this.image = image;
      this.features = features;
    }

    @Override
    public Output run(Map<String, FloatTensor> inputs, Object asked) {
      try (NDManager scope = image.newSubManager()) {
        NDList arrays = new NDList(features);
        inputs.values().forEach(v -> arrays.add(array(scope, v)));
        NDList outputs = network.call(scope, config.files().decoder().methodName(), arrays);
        return new Output(read(outputs, masks().tensor()), read(outputs, kind.iou()));
      } catch (EngineException e) {
        throw cannotAsk(asked, inputs, e);
      }
    }

    @Override
    public void close() {
      image.close();
    }
  }

  @Override
  public void close() {
    if (own) {
      network.close();
    }
  }

  private FloatTensor read(NDList outputs, String name) {
    int place = kind.outputs().indexOf(name);
    if (place >= outputs.size()) {
      throw new TeacherException(
          "Cannot read '%s' of teacher %s: its decoder returns %d tensors, expected %s in this order"
              .formatted(name, config.name(), outputs.size(), kind.outputs()));
    }
    return TorchScript.read(outputs.get(place));
  }

  private static NDArray array(NDManager scope, FloatTensor values) {
    long[] shape = Arrays.stream(values.shape()).asLongStream().toArray();
    return scope.create(values.data(), new Shape(shape)).toType(DataType.FLOAT32, false);
  }
}
