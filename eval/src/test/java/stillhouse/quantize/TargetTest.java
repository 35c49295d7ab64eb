package stillhouse.quantize;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import stillhouse.predict.OnnxParameters;

/** What files for each runtime are made of: a residual block, a resized sum and a product. */
class TargetTest {
  @TempDir static Path folder;
  private static final List<float[]> IMAGES = new ArrayList<>();
  private static byte[] model;
  private static Activations activations;

  @BeforeAll
  static void draw() {
    Random random = new Random(4);
    for (int i = 0; i < 4; i++) {
      float[] image = new float[3 * 16 * 16];
      for (int k = 0; k < image.length; k++) {
        image[k] = random.nextFloat();
      }
      IMAGES.add(image);
    }
    model = SmallNetwork.bytes();
    activations = Activations.of(model, IMAGES.iterator());
  }

  @Test
  void onnxRuntimeFusesEveryNodeThatACpuFileRounds() throws Exception {
    Map<String, Long> kernels = SmallNetwork.optimised(quantised(Target.CPU), folder);
    assertThat(kernels)
        .containsEntry("QLinearConv", 4L)
        .containsEntry("QLinearAdd", 1L)
        .containsEntry("MatMulIntegerToFloat", 1L)
        .doesNotContainKeys("Conv", "Relu", "FusedConv", "MatMul");
  }

  @Test
  void aRoundedFileHasAsManyParametersAsTheFloatOne() throws Exception {
    Path file = folder.resolve("parameters.onnx");
    // Four convolutions, their biases and a matrix; not the resize's four factors.
    long all = (3 * 9 + 8 * 9 + 8 + 8) * 8 + 4 * 8 + 16 * 16;
    assertThat(OnnxParameters.of(Files.write(file, model))).hasValue(all);
    for (Target target : Target.values()) {
      assertThat(OnnxParameters.of(Files.write(file, quantised(target))))
          .as("%s", target)
          .hasValue(all);
    }
  }

  @Test
  void aTensorRtFileHasSignedZeroPointsOfZeroAndFloatBiases() throws Exception {
    ModelProto file = ModelProto.parseFrom(quantised(Target.TENSORRT));
    Map<String, TensorProto> constants = new HashMap<>();
    file.getGraph().getInitializerList().forEach(t -> constants.put(t.getName(), t));
    List<NodeProto> pairs =
        file.getGraph().getNodeList().stream()
            .filter(
                n ->
                    n.getOpType().endsWith("quantizeLinear")
                        || n.getOpType().startsWith("Quantize")
                        || n.getOpType().startsWith("Dequantize"))
            .toList();
    assertThat(pairs).isNotEmpty();
    for (NodeProto node : pairs) {
      TensorProto zero = constants.get(node.getInput(2));
      assertThat(zero.getDataType()).isEqualTo(TensorProto.DataType.INT8.getNumber());
      assertThat(zero.getRawData().toByteArray()).containsOnly(0);
    }
    assertThat(file.getGraph().getNodeList())
        .filteredOn(n -> n.getOpType().equals("Conv"))
        .allSatisfy(
            n ->
                assertThat(constants.get(n.getInput(2)).getDataType())
                    .isEqualTo(TensorProto.DataType.FLOAT.getNumber()));
  }

  @Test
  void bothAnswerAsTheFloatsDoToEightBits() throws Exception {
    for (float[] image : IMAGES) {
      float[] exact = SmallNetwork.run(model, image);
      float peak = 0;
      for (float value : exact) {
        peak = Math.max(peak, Math.abs(value));
      }
      for (Target target : Target.values()) {
        assertThat(SmallNetwork.run(quantised(target), image))
            .containsExactly(exact, within(0.06f * peak));
      }
    }
  }

  @Test
  void nodesThatAreNamedStayFloat() throws Exception {
    List<String> products = QdqModel.products(model);
    assertThat(products).containsExactly("first", "block", "lateral", "head", "product");
    byte[] file =
        QdqModel.of(
            model,
            activations,
            new QdqOptions(Target.CPU, Calibration.ENTROPY, Set.of("first", "block")));
    Set<String> weights =
        ModelProto.parseFrom(file).getGraph().getInitializerList().stream()
            .filter(t -> t.getDataType() == TensorProto.DataType.INT8.getNumber())
            .map(TensorProto::getName)
            .filter(n -> n.endsWith(".int8"))
            .collect(Collectors.toSet());
    assertThat(weights)
        .containsExactlyInAnyOrder(
            "lateral.weight.lateral.int8", "head.weight.head.int8", "product.weight.int8");
    assertThat(
            QdqModel.of(
                model,
                activations,
                new QdqOptions(Target.CPU, Calibration.ENTROPY, Set.of("first", "block"))))
        .isEqualTo(file);
  }

  @Test
  void biasesOfDeadChannelsKeepTheirPrecision() throws Exception {
    byte[] dead = SmallNetwork.withDeadChannel();
    byte[] file =
        QdqModel.of(
            dead,
            Activations.of(dead, IMAGES.iterator()),
            new QdqOptions(Target.CPU, Calibration.MIN_MAX, Set.of()));
    float[] exact = SmallNetwork.run(dead, IMAGES.get(0));
    assertThat(SmallNetwork.run(file, IMAGES.get(0))).containsExactly(exact, within(0.05f));
    Files.write(folder.resolve("dead.onnx"), file);
  }

  private static byte[] quantised(Target target) {
    return QdqModel.of(model, activations, new QdqOptions(target, Calibration.MIN_MAX, Set.of()));
  }
}
