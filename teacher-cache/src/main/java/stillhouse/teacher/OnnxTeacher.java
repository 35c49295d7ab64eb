package stillhouse.teacher;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import java.nio.FloatBuffer;
import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import stillhouse.tensor.FloatTensor;

/**
 * A network in ONNX Runtime: a plain segmenter, or an encoder with a {@link MaskDecoder}. Sessions
 * are thread-safe by ONNX Runtime's own contract.
 */
public final class OnnxTeacher extends BatchedTeacher {
  private final OrtSession encoder;

  private OnnxTeacher(TeacherConfig config, OrtSession encoder, OnnxDecoder decoder) {
    super(config, decoder);
    this.encoder = encoder;
  }

  /** Digests are the caller's to check: see {@link LocalTeacher#open}. */
  static OnnxTeacher open(LocalTeacher files, TeacherDevice device) {
    TeacherConfig config = files.config();
    OrtSession encoder = Onnx.session(config, files.encoder(), device);
    try {
      requireNames(config, "input", Set.of(config.input().name()), encoder.getInputNames());
      requireNames(config, "outputs", config.outputs().values(), encoder.getOutputNames());
      OnnxDecoder decoder = files.decoder() == null ? null : OnnxDecoder.open(files, device);
      return new OnnxTeacher(config, encoder, decoder);
    } catch (RuntimeException e) {
      Onnx.close(config, encoder);
      throw e;
    }
  }

  @Override
  Map<String, FloatTensor> forward(FloatBuffer images, long[] shape) {
    Map<String, FloatTensor> layers = new LinkedHashMap<>();
    Set<String> wanted = new HashSet<>(config.outputs().values());
    try (OnnxTensor input = Onnx.tensor(images, shape);
        OrtSession.Result result = encoder.run(Map.of(config.input().name(), input), wanted)) {
      for (var layer : config.outputs().entrySet()) {
        layers.put(layer.getKey(), map(layer.getKey(), Onnx.read(result, layer.getValue())));
      }
      return layers;
    } catch (OrtException e) {
      throw cannotRun(shape, e);
    }
  }

  @Override
  void closeEncoder() {
    Onnx.close(config, encoder);
  }

  static void requireNames(
      TeacherConfig config, String what, Collection<String> named, Set<String> there) {
    if (!there.containsAll(named)) {
      throw new TeacherException(
          "Cannot open teacher "
              + config.name()
              + ": its YAML names "
              + what
              + " "
              + named
              + ", the file has "
              + there);
    }
  }
}
