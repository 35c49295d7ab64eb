package stillhouse.predict;

import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.OperatorSetIdProto;
import ai.onnxruntime.NodeInfo;
import ai.onnxruntime.OnnxJavaType;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import ai.onnxruntime.TensorInfo;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;

/** What an ONNX file takes and gives, in its own order. */
public record OnnxSignature(List<Tensor> inputs, List<Tensor> outputs) {
  /**
   * @param dtype as NumPy names it
   * @param shape with −1 for an axis of any length
   */
  public record Tensor(String name, String dtype, List<Long> shape) {
    private static Tensor of(NodeInfo node) {
      if (!(node.getInfo() instanceof TensorInfo info)) {
        throw new IllegalArgumentException(
            "Invalid ONNX file: " + node.getName() + " is no tensor but " + node.getInfo());
      }
      return new Tensor(
          node.getName(), dtype(info.type), Arrays.stream(info.getShape()).boxed().toList());
    }

    private static String dtype(OnnxJavaType type) {
      return switch (type) {
        case FLOAT -> "float32";
        case FLOAT16 -> "float16";
        case DOUBLE -> "float64";
        case INT8 -> "int8";
        case UINT8 -> "uint8";
        case INT16 -> "int16";
        case INT32 -> "int32";
        case INT64 -> "int64";
        case BOOL -> "bool";
        case STRING, BFLOAT16, UNKNOWN ->
            throw new IllegalArgumentException(
                "Invalid ONNX file: NumPy has no type for a tensor of " + type);
      };
    }
  }

  public OnnxSignature {
    inputs = List.copyOf(inputs);
    outputs = List.copyOf(outputs);
  }

  /**
   * @throws IllegalArgumentException where ONNX Runtime does not load the file
   */
  public static OnnxSignature of(Path file) {
    try (var options = new OrtSession.SessionOptions();
        var session = OrtEnvironment.getEnvironment().createSession(file.toString(), options)) {
      return new OnnxSignature(
          tensors(session.getInputInfo().values()), tensors(session.getOutputInfo().values()));
    } catch (OrtException e) {
      throw new IllegalArgumentException("Cannot load model " + file + ": " + e.getMessage(), e);
    }
  }

  /** The version of ONNX's operators that a file is written in. */
  public static long opset(Path file) {
    try (var in = Files.newInputStream(file)) {
      return ModelProto.parseFrom(in).getOpsetImportList().stream()
          .filter(set -> set.getDomain().isEmpty())
          .mapToLong(OperatorSetIdProto::getVersion)
          .findFirst()
          .orElseThrow(
              () ->
                  new IllegalArgumentException(
                      "Invalid ONNX file: " + file + " names no opset of ONNX's own operators"));
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot read model " + file + ": " + e.getMessage(), e);
    }
  }

  private static List<Tensor> tensors(Collection<NodeInfo> nodes) {
    return nodes.stream().map(Tensor::of).toList();
  }
}
