package stillhouse.predict;

import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import com.google.protobuf.InvalidProtocolBufferException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.OptionalLong;
import java.util.Set;

/**
 * How many numbers an ONNX file's initializers hold: its parameters, as the file tells. Weights and
 * biases that were rounded count like those that were not, INT8 and INT32 alike; the scales and
 * zero points of QuantizeLinear and DequantizeLinear, the factors of a Resize and single constants
 * do not. What an export has folded away, such as a BatchNorm, is not there to be counted.
 */
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
  private static final String DEQUANTIZE = "DequantizeLinear";

  /** Operators whose first input alone is what they work on. */
  private static final Set<String> SETTINGS_BEHIND_THE_FIRST =
      Set.of("QuantizeLinear", DEQUANTIZE, "Resize");

  private OnnxParameters() {}

  /**
   * @return empty of a file in another format, such as ONNX Runtime's own
   */
  public static OptionalLong of(Path file) {
    try {
      ModelProto model = ModelProto.parseFrom(Files.readAllBytes(file));
      return model.hasGraph() ? OptionalLong.of(count(model.getGraph())) : OptionalLong.empty();
    } catch (InvalidProtocolBufferException e) {
      return OptionalLong.empty(); // it is no ONNX file
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot read " + file + ": " + e.getMessage(), e);
    }
  }

  private static long count(GraphProto graph) {
    Set<String> rounded = new HashSet<>();
    Set<String> settings = new HashSet<>();
    for (NodeProto node : graph.getNodeList()) {
      if (node.getOpType().equals(DEQUANTIZE)) {
        rounded.add(node.getInput(0));
      }
      if (SETTINGS_BEHIND_THE_FIRST.contains(node.getOpType())) {
        settings.addAll(node.getInputList().subList(1, node.getInputCount()));
      }
    }
    return graph.getInitializerList().stream()
        .filter(t -> t.getDimsCount() > 0 && !settings.contains(t.getName()))
        .filter(t -> WEIGHTS.contains(t.getDataType()) || rounded.contains(t.getName()))
        .mapToLong(tensor -> tensor.getDimsList().stream().reduce(1L, (a, b) -> a * b))
        .sum();
  }
}
