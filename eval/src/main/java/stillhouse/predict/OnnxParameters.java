package stillhouse.predict;

import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import com.google.protobuf.InvalidProtocolBufferException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalLong;
import java.util.Set;

/** How many numbers an ONNX file's initializers hold: its parameters, as the file tells. */
public final class OnnxParameters {
  // Indices and shapes are whole numbers of 64 bits, weights are not.
  private static final Set<Integer> WEIGHTS =
      Set.of(
          TensorProto.DataType.FLOAT_VALUE,
          TensorProto.DataType.FLOAT16_VALUE,
          TensorProto.DataType.BFLOAT16_VALUE,
          TensorProto.DataType.DOUBLE_VALUE,
          TensorProto.DataType.INT8_VALUE,
          TensorProto.DataType.UINT8_VALUE);

  private OnnxParameters() {}

  /**
   * @return empty of a file in another format, such as ONNX Runtime's own
   */
  public static OptionalLong of(Path file) {
    try {
      ModelProto model = ModelProto.parseFrom(Files.readAllBytes(file));
      return model.hasGraph() ? OptionalLong.of(count(model)) : OptionalLong.empty();
    } catch (InvalidProtocolBufferException e) {
      return OptionalLong.empty(); // it is no ONNX file
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot read " + file + ": " + e.getMessage(), e);
    }
  }

  private static long count(ModelProto model) {
    return model.getGraph().getInitializerList().stream()
        .filter(tensor -> WEIGHTS.contains(tensor.getDataType()))
        .mapToLong(tensor -> tensor.getDimsList().stream().reduce(1L, (a, b) -> a * b))
        .sum();
  }
}
