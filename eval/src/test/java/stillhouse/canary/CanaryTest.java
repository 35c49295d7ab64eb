package stillhouse.canary;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.OperatorSetIdProto;
import ai.onnx.proto.OnnxMl.StringStringEntryProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import ai.onnx.proto.OnnxMl.TensorShapeProto;
import ai.onnx.proto.OnnxMl.ValueInfoProto;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import stillhouse.data.RgbImage;
import stillhouse.predict.OnnxSource;

class CanaryTest {
  private static final int SIZE = 16;
  private static final Canary CANARY = Canary.standard();
  @TempDir Path folder;

  @Test
  void aFileThatAnswersAlikePasses() throws IOException {
    OnnxSource reference = model("reference", 1, -0.5f);
    Verdict verdict = CANARY.answers(reference, model("alike", 1.01f, -0.505f), images());
    assertThat(verdict.passed()).as(verdict.text()).isTrue();
    assertThat(verdict.checks())
        .extracting(Check::name)
        .containsExactly("mask parity", "variance of logits");
    assertThat(verdict.text()).startsWith("passed  mask parity: IoU 1.0000 with the reference's");
  }

  /** As FP16 encoders do that give one embedding: the answer no longer depends on the image. */
  @Test
  void aFileThatSaysTheSameOfEveryImageFailsItsVariance() throws IOException {
    Verdict verdict =
        CANARY.answers(model("reference", 1, -0.5f), model("constant", 0, 1), images());
    assertThat(verdict.failed())
        .extracting(Check::name)
        .containsExactly("mask parity", "variance of logits");
    assertThat(verdict.failed().get(1).toString())
        .startsWith("FAILED  variance of logits: 0.000 from image to image, the reference's is ")
        .endsWith("(share 0.000, from 0.500 to 2.000)");
  }

  @Test
  void aFileWhoseMasksDifferFailsItsParityAlone() throws IOException {
    Verdict verdict =
        CANARY.answers(model("reference", 1, -0.5f), model("shifted", 1, -0.7f), images());
    assertThat(verdict.failed()).extracting(Check::name).containsExactly("mask parity");
  }

  @Test
  void logitsThatAreNoNumbersFail() throws IOException {
    Verdict verdict =
        CANARY.answers(
            model("reference", 1, -0.5f), model("overflown", Float.POSITIVE_INFINITY, 0), images());
    assertThat(verdict.failed().get(0).toString())
        .isEqualTo("FAILED  mask parity: answers are not finite on 4 of 4 images");
  }

  @Test
  void aVariantThatIsNoFasterFailsAndOneThatIsToBeSmallMustBe() throws IOException {
    assertThat(CANARY.latency("TensorRT", 2.0, 1.5).passed()).isTrue();
    assertThat(CANARY.latency("TensorRT", 2.0, 2.0).toString())
        .isEqualTo(
            "FAILED  latency: 2.000 ms an image in TensorRT, the reference takes 2.000 (share 1.000, under 1.000)");
    OnnxSource reference = model("reference", 1, -0.5f);
    assertThat(new Canary(0.9, 0.5, 1e9, 3).latency(reference, reference).toString())
        .startsWith("passed  latency: 0.")
        .contains(" ms an image in ONNX Runtime on the CPU, the reference takes 0.");
    assertThat(Canary.size(1000, 1000).toString())
        .isEqualTo("FAILED  size: 1,000 bytes, the reference has 1,000");
    assertThat(Canary.size(1000, 250).values()).containsEntry("bytes_share", 0.25);
  }

  /** Masks are right, but what the next network would read is the same of every image. */
  @Test
  void anEmbeddingThatNoLongerDependsOnTheImageFailsAlone() throws IOException {
    OnnxSource reference = model("reference", 1, -0.5f, "crack", 1);
    Verdict verdict = CANARY.answers(reference, model("collapsed", 1, -0.5f, "crack", 0), images());
    assertThat(verdict.checks())
        .extracting(Check::name)
        .containsExactly("mask parity", "variance of logits", "variance of embedding");
    assertThat(verdict.summary()).isEqualTo("FAILED variance of embedding");
    assertThat(verdict.failed().get(0).values()).containsEntry("embedding_variance_share", 0.0);
    assertThat(
            CANARY
                .answers(reference, model("overflown", 1, -0.5f, "crack", 3e38f), images())
                .failed()
                .get(0)
                .toString())
        .isEqualTo("FAILED  mask parity: answers are not finite on 4 of 4 images");
  }

  @Test
  void oneImageIsTooFewAndOtherClassesAreAnotherNetwork() throws IOException {
    OnnxSource reference = model("reference", 1, -0.5f);
    assertThat(CANARY.answers(reference, reference, List.of(image(0)).iterator()).text())
        .endsWith(
            "FAILED  variance of logits: it is from image to image, and there are 1 (least 2)");
    OnnxSource other = model("other", 1, -0.5f, "rust");
    assertThatThrownBy(() -> CANARY.answers(reference, other, images()))
        .hasMessage(
            "Cannot compare a variant of classes [rust] with a network of [crack]: it was not made of it");
  }

  /** Values 1 and 3 have variance 1, values 0 and 4 have 4: 2.5 in the mean. */
  @Test
  void varianceIsTheMeanOverValuesAsWorkedByHand() {
    Spread spread = new Spread();
    spread.add(new float[] {1, 0});
    spread.add(new float[] {3, 4});
    assertThat(spread.variance()).isEqualTo(2.5);
  }

  @Property(tries = 50)
  void varianceScalesWithTheSquareAndForgetsAConstant(@ForAll long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    Spread plain = new Spread();
    Spread changed = new Spread();
    for (int image = 0; image < 5; image++) {
      float[] values = {random.nextInt(64), random.nextInt(64), random.nextInt(64)};
      plain.add(values);
      changed.add(new float[] {3 * values[0] + 7, 3 * values[1] - 2, 3 * values[2]});
    }
    assertThat(changed.variance()).isCloseTo(9 * plain.variance(), within(1e-6));
  }

  private static Iterator<RgbImage> images() {
    return IntStream.range(0, 4).mapToObj(CanaryTest::image).iterator();
  }

  private static RgbImage image(int seed) {
    byte[] rgb = new byte[3 * SIZE * SIZE];
    new SplittableRandom(seed).nextBytes(rgb);
    return new RgbImage(SIZE, SIZE, rgb);
  }

  private OnnxSource model(String name, float scale, float shift) throws IOException {
    return model(name, scale, shift, "crack");
  }

  private OnnxSource model(String name, float scale, float shift, String classes)
      throws IOException {
    return write(name, graph(name, scale, shift), classes);
  }

  /** With an embedding = factor · (logits + 1): 3e38 · 1.2 is beyond a float. */
  private OnnxSource model(String name, float scale, float shift, String classes, float factor)
      throws IOException {
    GraphProto.Builder graph = graph(name, scale, shift);
    graph
        .addInitializer(tensor("factor", new long[] {1}, factor))
        .addInitializer(tensor("bias", new long[] {1}, factor))
        .addNode(
            NodeProto.newBuilder()
                .setOpType("Mul")
                .addInput("logits")
                .addInput("factor")
                .addOutput("scaled"))
        .addNode(
            NodeProto.newBuilder()
                .setOpType("Add")
                .addInput("scaled")
                .addInput("bias")
                .addOutput("embedding"))
        .addOutput(value("embedding", 1));
    return write(name, graph, classes);
  }

  /** logits = scale · red + shift, as a 1×1 convolution. */
  private static GraphProto.Builder graph(String name, float scale, float shift) {
    var graph =
        GraphProto.newBuilder()
            .setName(name)
            .addNode(
                NodeProto.newBuilder()
                    .setOpType("Conv")
                    .addInput("image")
                    .addInput("w")
                    .addInput("b")
                    .addOutput("logits"))
            .addInitializer(tensor("w", new long[] {1, 3, 1, 1}, scale, 0, 0))
            .addInitializer(tensor("b", new long[] {1}, shift))
            .addInput(value("image", 3))
            .addOutput(value("logits", 1));
    return graph;
  }

  private OnnxSource write(String name, GraphProto.Builder graph, String classes)
      throws IOException {
    var model =
        ModelProto.newBuilder()
            .setIrVersion(9)
            .addOpsetImport(OperatorSetIdProto.newBuilder().setVersion(20))
            .setGraph(graph)
            .addMetadataProps(entry("stillhouse.classes", classes))
            .addMetadataProps(entry("stillhouse.height", String.valueOf(SIZE)))
            .addMetadataProps(entry("stillhouse.width", String.valueOf(SIZE)));
    Path file = folder.resolve(name.toLowerCase(Locale.ROOT) + ".onnx");
    Files.write(file, model.build().toByteArray());
    return OnnxSource.of(file, 1);
  }

  private static TensorProto tensor(String name, long[] shape, float... values) {
    var tensor = TensorProto.newBuilder().setName(name).setDataType(1);
    for (long length : shape) {
      tensor.addDims(length);
    }
    for (float value : values) {
      tensor.addFloatData(value);
    }
    return tensor.build();
  }

  private static ValueInfoProto value(String name, int channels) {
    var shape = TensorShapeProto.newBuilder();
    for (long length : new long[] {1, channels, SIZE, SIZE}) {
      shape.addDim(TensorShapeProto.Dimension.newBuilder().setDimValue(length));
    }
    var value = ValueInfoProto.newBuilder().setName(name);
    value.getTypeBuilder().getTensorTypeBuilder().setElemType(1).setShape(shape);
    return value.build();
  }

  private static StringStringEntryProto entry(String key, String value) {
    return StringStringEntryProto.newBuilder().setKey(key).setValue(value).build();
  }
}
