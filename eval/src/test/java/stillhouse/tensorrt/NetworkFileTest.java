package stillhouse.tensorrt;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.TensorShapeProto;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import stillhouse.quantize.Activations;
import stillhouse.quantize.Calibration;
import stillhouse.quantize.HalfModel;
import stillhouse.quantize.QdqModel;
import stillhouse.quantize.QdqOptions;
import stillhouse.quantize.Target;

class NetworkFileTest {
  private static final Path MODELS = Path.of("src/test/resources/models");
  private static final Path ONNX = MODELS.resolve("tiny_segmenter.onnx");
  @TempDir Path folder;

  @Test
  void readsWhatAFileSaysOfItself() {
    NetworkFile network = NetworkFile.of(ONNX);
    assertThat(network.input()).isEqualTo("image");
    assertThat(network.shape()).containsExactly(-1L, 3L, 16L, 24L);
    assertThat(network.shape(5)).containsExactly(5, 3, 16, 24);
    assertThat(network.outputs()).containsExactly("logits", "embedding");
    assertThat(network.metadata()).containsEntry("stillhouse.classes", "red,green");
    assertThat(network.findings()).isEmpty();
  }

  @Test
  void knowsTheFourPrecisionsThatExportWrites() throws IOException {
    byte[] model = Files.readAllBytes(ONNX);
    float[] image = new float[3 * 16 * 24];
    Arrays.fill(image, 0.7f);
    Activations activations = Activations.of(model, List.of(image).iterator());
    assertThat(precision(model)).isEqualTo("fp32");
    assertThat(precision(HalfModel.of(model))).isEqualTo("fp16");
    assertThat(precision(rounded(model, activations, Target.TENSORRT))).isEqualTo("int8");
    assertThat(precision(rounded(model, activations, Target.WEIGHTS)))
        .isEqualTo("int8-weight-only");
    Path cpu = Files.write(folder.resolve("cpu"), rounded(model, activations, Target.CPU));
    assertThat(NetworkFile.of(cpu).findings()).extracting(f -> f.why()).isNotEmpty();
  }

  @Test
  void anOpenHeightIsThatOfTheMetadata() throws IOException {
    Path open = Files.write(folder.resolve("open.onnx"), dims(ONNX, 0, 3, 0, 0));
    assertThat(NetworkFile.of(open).shape(1)).containsExactly(1, 3, 16, 24);
    Path unknown =
        Files.write(folder.resolve("no.onnx"), dims(MODELS.resolve("no_height.onnx"), 0, 3, 0, 0));
    assertThatThrownBy(() -> NetworkFile.of(unknown).shape(1))
        .hasMessage(
            "Cannot build an engine of %s: its input is [-1, 3, -1, 24], and its metadata has no stillhouse.height and stillhouse.width"
                .formatted(unknown));
  }

  @Test
  void aFileOfOneBatchIsBuiltForThatAlone() throws IOException {
    Path fixed = Files.write(folder.resolve("fixed.onnx"), dims(ONNX, 4, 3, 16, 24));
    NetworkFile network = NetworkFile.of(fixed);
    assertThat(network.isFixed()).isTrue();
    assertThat(network.shape(4)).containsExactly(4, 3, 16, 24);
    assertThatThrownBy(() -> network.shape(1))
        .hasMessage(
            "Cannot build an engine of %s for batch 1: its input is [4, 3, 16, 24]"
                .formatted(fixed));
    Trtexec trtexec = Trtexec.of(Path.of("t"), TrtexecReportTest.text("help-11.txt"));
    var four =
        new EngineOptions(
            4, Path.of("t"), Path.of("c"), java.time.Duration.ofMinutes(1), false, List.of());
    assertThat(trtexec.settings(network, four)).containsExactly("--includeDataTransfers");
  }

  @Test
  void refusesWhatIsNoNetworkOfOneImage() throws IOException {
    Path none = folder.resolve("none.onnx");
    assertThatThrownBy(() -> NetworkFile.of(none))
        .hasMessage("Cannot read " + none + ": no such file");
    byte[] whole = Files.readAllBytes(ONNX);
    Path cut = Files.write(folder.resolve("cut.onnx"), Arrays.copyOf(whole, whole.length / 2));
    assertThatThrownBy(() -> NetworkFile.of(cut))
        .hasMessageStartingWith("Cannot read " + cut + ": its " + whole.length / 2 + " bytes");
    Path empty = Files.createFile(folder.resolve("empty.onnx"));
    assertThatThrownBy(() -> NetworkFile.of(empty))
        .hasMessage("Cannot read " + empty + ": its 0 bytes hold no graph");
    Path grey = Files.write(folder.resolve("grey.onnx"), dims(ONNX, 0, 1, 16, 24));
    assertThatThrownBy(() -> NetworkFile.of(grey))
        .hasMessage(
            "Cannot build an engine of %s: its input image is [-1, 1, 16, 24] (must be [N, 3, H, W])"
                .formatted(grey));
    ModelProto.Builder two = ModelProto.parseFrom(whole).toBuilder();
    two.getGraphBuilder().addInputBuilder().setName("mask");
    Path both = Files.write(folder.resolve("both.onnx"), two.build().toByteArray());
    assertThatThrownBy(() -> NetworkFile.of(both))
        .hasMessage(
            "Cannot build an engine of %s: its inputs are [image, mask] (must be one image)"
                .formatted(both));
  }

  private String precision(byte[] model) throws IOException {
    return NetworkFile.of(Files.write(folder.resolve("precision.onnx"), model)).precision();
  }

  private static byte[] rounded(byte[] model, Activations activations, Target target) {
    return QdqModel.of(model, activations, new QdqOptions(target, Calibration.MIN_MAX, Set.of()));
  }

  /** With other axes of its input, 0 for open. */
  private static byte[] dims(Path file, long... dims) throws IOException {
    ModelProto.Builder model = ModelProto.parseFrom(Files.readAllBytes(file)).toBuilder();
    TensorShapeProto.Builder shape =
        model
            .getGraphBuilder()
            .getInputBuilder(0)
            .getTypeBuilder()
            .getTensorTypeBuilder()
            .getShapeBuilder()
            .clearDim();
    for (long dim : dims) {
      if (dim == 0) {
        shape.addDimBuilder().setDimParam("any");
      } else {
        shape.addDimBuilder().setDimValue(dim);
      }
    }
    return model.build().toByteArray();
  }
}
