package stillhouse.tensorrt;

import ai.onnx.proto.OnnxMl.AttributeProto;
import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.OperatorSetIdProto;
import ai.onnx.proto.OnnxMl.TensorShapeProto;
import ai.onnx.proto.OnnxMl.ValueInfoProto;
import com.google.protobuf.ByteString;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * An engine as ONNX Runtime's TensorRT provider takes it: a network of one node, {@code
 * com.microsoft.EPContext}, that carries the engine's bytes, under the inputs, outputs and metadata
 * of the ONNX file that it was built of. So what {@code trtexec} built is what is scored, by the
 * same code as the ONNX file.
 *
 * <p>Source: ONNX Runtime's documentation of EPContext, and its TensorRT provider ({@code
 * onnx_ctx_model_helper.cc}). It has not been run on a GPU.
 */
public final class EngineNetwork {
  private static final String DOMAIN = "com.microsoft";
  private static final String OPERATOR = "EPContext";
  private static final int OPSET = 20; // as students are exported

  private EngineNetwork() {}

  /**
   * @param onnx the file that the engine was built of
   * @param built the engine, for one image a call
   * @throws IllegalArgumentException where it is of another batch
   */
  public static byte[] of(Path onnx, EngineResult.Built built) {
    EngineManifest manifest = built.manifest();
    if (manifest.shape().get(0) != 1) {
      throw new IllegalArgumentException(
          "Cannot score engine %s: it takes %d images a call (must be 1). Build it with --batch 1"
              .formatted(built.engine(), manifest.shape().get(0)));
    }
    try {
      ModelProto model = ModelProto.parseFrom(Files.readAllBytes(onnx));
      byte[] engine = Files.readAllBytes(built.engine());
      GraphProto graph = graph(model.getGraph(), engine, manifest.gpu().computeCapability());
      return model.toBuilder()
          .setGraph(graph)
          .clearOpsetImport()
          .addOpsetImport(OperatorSetIdProto.newBuilder().setDomain("").setVersion(OPSET))
          .addOpsetImport(OperatorSetIdProto.newBuilder().setDomain(DOMAIN).setVersion(1))
          .build()
          .toByteArray();
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot read " + onnx + " or its engine " + built.engine(), e);
    }
  }

  private static GraphProto graph(GraphProto of, byte[] engine, String computeCapability) {
    GraphProto.Builder graph = GraphProto.newBuilder().setName(of.getName());
    NodeProto.Builder node =
        NodeProto.newBuilder().setDomain(DOMAIN).setOpType(OPERATOR).setName("engine");
    for (ValueInfoProto input : of.getInputList()) {
      graph.addInput(ofOneImage(input));
      node.addInput(input.getName());
    }
    for (ValueInfoProto output : of.getOutputList()) {
      graph.addOutput(ofOneImage(output));
      node.addOutput(output.getName());
    }
    node.addAttribute(integer("embed_mode", 1))
        .addAttribute(integer("main_context", 1))
        .addAttribute(bytes("ep_cache_context", ByteString.copyFrom(engine)));
    if (!computeCapability.isEmpty()) {
      // The provider says 87 where CUDA says 8.7, and warns where it is another GPU's.
      node.addAttribute(
          bytes(
              "hardware_architecture",
              ByteString.copyFromUtf8(computeCapability.replace(".", ""))));
    }
    return graph.addNode(node).build();
  }

  /** With one image where any number is allowed. */
  private static ValueInfoProto ofOneImage(ValueInfoProto value) {
    ValueInfoProto.Builder changed = value.toBuilder();
    TensorShapeProto.Builder shape =
        changed.getTypeBuilder().getTensorTypeBuilder().getShapeBuilder();
    if (shape.getDimCount() > 0) {
      shape.setDim(0, TensorShapeProto.Dimension.newBuilder().setDimValue(1));
    }
    return changed.build();
  }

  private static AttributeProto integer(String name, long value) {
    return AttributeProto.newBuilder()
        .setName(name)
        .setType(AttributeProto.AttributeType.INT)
        .setI(value)
        .build();
  }

  private static AttributeProto bytes(String name, ByteString value) {
    return AttributeProto.newBuilder()
        .setName(name)
        .setType(AttributeProto.AttributeType.STRING)
        .setS(value)
        .build();
  }
}
