package stillhouse.quantize;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.OperatorSetIdProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import com.google.protobuf.ByteString;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;

class QdqModelTest {
  /** For TensorRT, all in INT8, by the largest magnitudes. */
  private static byte[] rounded(byte[] model, List<float[]> images) {
    return QdqModel.of(
        model,
        Activations.of(model, images.iterator()),
        new QdqOptions(Target.TENSORRT, Calibration.MIN_MAX, Set.of()));
  }

  /** Two 1×1 filters of three channels, so that each output is a sum that can be worked by hand. */
  private static final float[] WEIGHT = {1, -0.5f, 0.25f, 2, 0, -4};

  /**
   * The filters' scales are 1/127 and 4/127, so they are 127, −63.5 → −64, 31.75 → 32, and 63.5 →
   * 64, 0, −127 (halves to even). The image's scale is 1/127: 127, 63.5 → 64, 31.75 → 32.
   */
  @Test
  void roundsWeightsByChannelAndActivationsByTheirPeakAsWorkedByHand() throws OrtException {
    float[] image = {1, 0.5f, 0.25f};
    float half = 64 / 127f;
    float quarter = 32 / 127f;
    float[] expected = {1 - half * half + quarter * quarter, 4 * half - 4 * quarter};
    byte[] rounded = rounded(model(WEIGHT), List.of(image));
    assertThat(run(rounded, image)).containsExactly(expected, within(1e-6f));
    assertThat(run(model(WEIGHT), image)).containsExactly(new float[] {0.8125f, 1}, within(1e-6f));
  }

  @Test
  void whatIsBeyondTheCalibratedRangeIsCutOff() throws OrtException {
    byte[] rounded = rounded(model(new float[] {1, 0, 0, 0, 1, 0}), List.of(new float[] {1, 1, 1}));
    assertThat(run(rounded, new float[] {3, 0.5f, 0}))
        .containsExactly(new float[] {1, 64 / 127f}, within(1e-6f));
  }

  @Test
  void theErrorOfRandomFiltersIsThatOfHalfAStepAtMost() throws OrtException {
    Random random = new Random(3);
    for (int k = 0; k < 20; k++) {
      float[] weight = new float[6];
      float[] image = new float[3];
      for (int i = 0; i < 6; i++) {
        weight[i] = (float) random.nextGaussian();
        image[i % 3] = random.nextFloat();
      }
      float[] exact = run(model(weight), image);
      float[] rounded = run(rounded(model(weight), List.of(image)), image);
      for (int o = 0; o < 2; o++) {
        float peak = 0;
        for (int i = 0; i < 3; i++) {
          peak = Math.max(peak, Math.abs(weight[3 * o + i]));
        }
        // Each of three products: half a step of the weight (image ≤ 1) and half of the image's.
        assertThat(rounded[o]).isCloseTo(exact[o], within(3 * 2.02f * peak * 0.5f / 127));
      }
    }
  }

  @Test
  void theFileSaysThatItIsInt8AndIsTheSameEachTime() throws Exception {
    List<float[]> images = List.of(new float[] {1, 0, 0}, new float[] {0, 2, 0});
    byte[] rounded = rounded(model(WEIGHT), images);
    assertThat(rounded(model(WEIGHT), images)).isEqualTo(rounded);
    var precision = ModelProto.parseFrom(rounded).getMetadataProps(0);
    assertThat(precision.getKey()).isEqualTo(QdqModel.PRECISION);
    assertThat(precision.getValue()).isEqualTo("int8 qdq, signed activations, min-max on 2 images");
  }

  @Test
  void refusesWhatItCannotQuantise() {
    assertThatThrownBy(() -> rounded(new byte[] {9, 9, 9}, List.of(new float[3])))
        .hasMessageStartingWith("Cannot quantise a file of 3 bytes: it is no ONNX model (");
    byte[] empty =
        ModelProto.newBuilder()
            .setGraph(GraphProto.newBuilder().setName("e"))
            .build()
            .toByteArray();
    assertThatThrownBy(() -> rounded(empty, List.of(new float[3])))
        .hasMessage("Cannot quantise 'e': it has no Conv and no MatMul by a constant");
    assertThatThrownBy(() -> rounded(model(WEIGHT), List.of()))
        .hasMessage("Cannot measure activations: there is no image");
    float[] broken = WEIGHT.clone();
    broken[4] = Float.POSITIVE_INFINITY;
    assertThatThrownBy(() -> rounded(model(broken), List.of(new float[3])))
        .hasMessage(
            "Cannot measure activation logits of 'g': it is not finite on calibration image 1");
    float[] none = {0, Float.NaN, 0};
    assertThatThrownBy(() -> rounded(model(WEIGHT), List.of(none)))
        .hasMessage(
            "Cannot measure activation image of 'g': it is not finite on calibration image 1");
  }

  @Test
  void readsAWeightWhoseValuesAreListed() throws Exception {
    ModelProto.Builder model = ModelProto.parseFrom(model(WEIGHT)).toBuilder();
    TensorProto.Builder weight = model.getGraphBuilder().getInitializerBuilder(0);
    weight.clearRawData();
    for (float value : WEIGHT) {
      weight.addFloatData(value);
    }
    List<float[]> images = List.of(new float[] {1, 0.5f, 0.25f});
    float[] expected = run(rounded(model(WEIGHT), images), images.get(0));
    byte[] listed = rounded(model.build().toByteArray(), images);
    assertThat(run(listed, images.get(0))).containsExactly(expected);
    weight.clearFloatData().addFloatData(1);
    byte[] cut = model.build().toByteArray();
    assertThatThrownBy(() -> rounded(cut, images))
        .hasMessageStartingWith(
            "Cannot run 'g': ") // ONNX Runtime sees it first, where activations are measured
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> FloatValues.of(weight.build()))
        .hasMessage(
            "Cannot round weight w of shape [2, 3, 1, 1]: it holds 1 values (must be 6, as raw_data or float_data in the file itself)");
  }

  @Test
  void keepsTheFloatsOfAWeightThatAnotherNodeReads() throws Exception {
    ModelProto.Builder model = ModelProto.parseFrom(model(WEIGHT)).toBuilder();
    model
        .getGraphBuilder()
        .addOutput(SmallNetwork.value("again", 2, 3, 1, 1))
        .addNode(NodeProto.newBuilder().setOpType("Neg").addInput("w").addOutput("again"));
    byte[] rounded = rounded(model.build().toByteArray(), List.of(new float[] {1, 1, 1}));
    assertThat(run(rounded, new float[] {0, 0, 0})).containsExactly(0, 0);
  }

  /** A 1×1 convolution of three channels to two, on one pixel. */
  private static byte[] model(float[] weight) {
    ByteBuffer raw = ByteBuffer.allocate(24).order(ByteOrder.LITTLE_ENDIAN);
    raw.asFloatBuffer().put(weight);
    GraphProto.Builder graph =
        GraphProto.newBuilder()
            .setName("g")
            .addInput(SmallNetwork.value("image", 1, 3, 1, 1))
            .addOutput(SmallNetwork.value("logits", 1, 2, 1, 1))
            .addInitializer(
                TensorProto.newBuilder()
                    .setName("w")
                    .setDataType(TensorProto.DataType.FLOAT.getNumber())
                    .addAllDims(List.of(2L, 3L, 1L, 1L))
                    .setRawData(ByteString.copyFrom(raw)))
            .addNode(
                NodeProto.newBuilder()
                    .setOpType("Conv")
                    .addAllInput(List.of("image", "w"))
                    .addOutput("logits"));
    return ModelProto.newBuilder()
        .setIrVersion(9)
        .addOpsetImport(OperatorSetIdProto.newBuilder().setVersion(20))
        .setGraph(graph)
        .build()
        .toByteArray();
  }

  private static float[] run(byte[] model, float[] image) throws OrtException {
    OrtEnvironment environment = OrtEnvironment.getEnvironment();
    try (OrtSession session = environment.createSession(model);
        var input =
            OnnxTensor.createTensor(environment, FloatBuffer.wrap(image), new long[] {1, 3, 1, 1});
        var result = session.run(Map.of("image", input))) {
      FloatBuffer out = ((OnnxTensor) result.get(0)).getFloatBuffer();
      float[] values = new float[out.remaining()];
      out.get(values);
      return values;
    }
  }
}
