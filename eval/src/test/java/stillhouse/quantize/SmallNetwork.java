package stillhouse.quantize;

import ai.onnx.proto.OnnxMl.AttributeProto;
import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.OperatorSetIdProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import ai.onnx.proto.OnnxMl.TensorShapeProto;
import ai.onnx.proto.OnnxMl.ValueInfoProto;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import java.io.IOException;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Collectors;

/**
 * What students are made of, small: convolutions with Relu, a residual sum, an output within the
 * network, a resize, a product by a matrix, a softmax. Input [1, 3, 16, 16], outputs {@code logits}
 * [1, 8, 16, 16] and {@code embedding} [1, 8, 8, 8].
 */
final class SmallNetwork {
  private static final int WIDTH = 8;

  private SmallNetwork() {}

  static byte[] bytes() {
    return model(false);
  }

  /** The same whose first channel has no weights, and a bias. */
  static byte[] withDeadChannel() {
    return model(true);
  }

  private static byte[] model(boolean dead) {
    GraphProto.Builder graph = GraphProto.newBuilder().setName("small");
    graph.addInput(value("image", 1, 3, 16, 16));
    graph.addOutput(value("logits", 1, WIDTH, 16, 16));
    graph.addOutput(value("embedding", 1, WIDTH, 8, 8));
    Random random = new Random(3);
    conv(graph, random, "first", "image", "first.out", 3, 2, dead);
    node(graph, "relu1", "Relu", "first.out", "x");
    conv(graph, random, "block", "x", "block.out", 3, 1, false);
    node(graph, "sum", "Add", "x,block.out", "sum.out");
    node(graph, "relu2", "Relu", "sum.out", "y");
    conv(graph, random, "lateral", "y", "embedding", 1, 1, false);
    node(graph, "relu3", "Relu", "embedding", "z");
    conv(graph, random, "head", "z", "head.out", 1, 1, false);
    graph.addInitializer(floats("scales", new float[] {1, 1, 2, 2}, 4));
    graph.addNode(
        NodeProto.newBuilder()
            .setName("resize")
            .setOpType("Resize")
            .addAllInput(List.of("head.out", "", "scales"))
            .addOutput("resized")
            .addAttribute(
                AttributeProto.newBuilder()
                    .setName("mode")
                    .setType(AttributeProto.AttributeType.STRING)
                    .setS(com.google.protobuf.ByteString.copyFromUtf8("linear"))));
    graph.addInitializer(floats("product.weight", normal(random, 16 * 16, 0.25f), 16, 16));
    node(graph, "product", "MatMul", "resized,product.weight", "logits");
    return ModelProto.newBuilder()
        .setIrVersion(9)
        .addOpsetImport(OperatorSetIdProto.newBuilder().setVersion(20))
        .setGraph(graph)
        .build()
        .toByteArray();
  }

  private static void conv(
      GraphProto.Builder graph,
      Random random,
      String name,
      String from,
      String to,
      int kernel,
      int stride,
      boolean dead) {
    int in = from.equals("image") ? 3 : WIDTH;
    float[] weight = normal(random, WIDTH * in * kernel * kernel, 1f / (kernel * 2));
    float[] bias = normal(random, WIDTH, 0.3f);
    if (dead) {
      Arrays.fill(weight, 0, in * kernel * kernel, 0);
    }
    graph.addInitializer(floats(name + ".weight", weight, WIDTH, in, kernel, kernel));
    graph.addInitializer(floats(name + ".bias", bias, WIDTH));
    long pad = kernel / 2;
    graph.addNode(
        NodeProto.newBuilder()
            .setName(name)
            .setOpType("Conv")
            .addAllInput(List.of(from, name + ".weight", name + ".bias"))
            .addOutput(to)
            .addAttribute(ints("pads", pad, pad, pad, pad))
            .addAttribute(ints("strides", stride, stride)));
  }

  private static void node(
      GraphProto.Builder graph, String name, String operator, String from, String to) {
    graph.addNode(
        NodeProto.newBuilder()
            .setName(name)
            .setOpType(operator)
            .addAllInput(List.of(from.split(",")))
            .addOutput(to));
  }

  private static AttributeProto ints(String name, long... values) {
    var attribute =
        AttributeProto.newBuilder().setName(name).setType(AttributeProto.AttributeType.INTS);
    for (long value : values) {
      attribute.addInts(value);
    }
    return attribute.build();
  }

  private static float[] normal(Random random, int size, float deviation) {
    float[] values = new float[size];
    for (int i = 0; i < size; i++) {
      values[i] = deviation * (float) random.nextGaussian();
    }
    return values;
  }

  private static TensorProto floats(String name, float[] values, long... dims) {
    return Constants.floats(name, Arrays.stream(dims).boxed().toList(), values);
  }

  /** An input or output of floats. */
  static ValueInfoProto value(String name, long... dims) {
    TensorShapeProto.Builder shape = TensorShapeProto.newBuilder();
    for (long dim : dims) {
      shape.addDim(TensorShapeProto.Dimension.newBuilder().setDimValue(dim));
    }
    ValueInfoProto.Builder value = ValueInfoProto.newBuilder().setName(name);
    value
        .getTypeBuilder()
        .getTensorTypeBuilder()
        .setElemType(TensorProto.DataType.FLOAT.getNumber())
        .setShape(shape);
    return value.build();
  }

  static float[] run(byte[] model, float[] image) throws OrtException {
    OrtEnvironment environment = OrtEnvironment.getEnvironment();
    try (OrtSession session = environment.createSession(model);
        var input =
            OnnxTensor.createTensor(
                environment, FloatBuffer.wrap(image), new long[] {1, 3, 16, 16});
        var result = session.run(Map.of("image", input))) {
      FloatBuffer out = ((OnnxTensor) result.get("logits").orElseThrow()).getFloatBuffer();
      float[] values = new float[out.remaining()];
      out.get(values);
      return values;
    }
  }

  /** How many nodes of each operator ONNX Runtime runs. */
  static Map<String, Long> optimised(byte[] model, Path folder) throws OrtException, IOException {
    Path file = folder.resolve("optimised.onnx");
    try (var options = new OrtSession.SessionOptions()) {
      options.setOptimizedModelFilePath(file.toString());
      OrtEnvironment.getEnvironment().createSession(model, options).close();
    }
    return ModelProto.parseFrom(Files.readAllBytes(file)).getGraph().getNodeList().stream()
        .collect(Collectors.groupingBy(NodeProto::getOpType, Collectors.counting()));
  }
}
