package stillhouse.tensorrt;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import stillhouse.predict.OnnxSource;

class EngineNetworkTest {
  private static final Path ONNX = Path.of("src/test/resources/models/tiny_segmenter.onnx");
  private static final String BYTES = "an engine\0of TensorRT";

  @TempDir Path folder;

  @Test
  void isOneNodeThatCarriesTheEngineUnderTheFilesOwnNamesAndMetadata() throws IOException {
    ModelProto of = ModelProto.parseFrom(Files.readAllBytes(ONNX));
    ModelProto network = ModelProto.parseFrom(EngineNetwork.of(ONNX, built(1)));

    var node = network.getGraph().getNode(0);
    assertThat(network.getGraph().getNodeCount()).isEqualTo(1);
    assertThat(network.getGraph().getInitializerCount()).isZero();
    assertThat(node.getDomain() + "." + node.getOpType()).isEqualTo("com.microsoft.EPContext");
    assertThat(node.getInputList()).containsExactly("image");
    assertThat(node.getOutputList())
        .containsExactlyElementsOf(
            of.getGraph().getOutputList().stream().map(o -> o.getName()).toList());
    assertThat(network.getMetadataPropsList()).isEqualTo(of.getMetadataPropsList());
    assertThat(node.getAttributeList())
        .extracting(a -> a.getName() + "=" + (a.hasS() ? a.getS().toStringUtf8() : a.getI()))
        .containsExactly(
            "embed_mode=1",
            "main_context=1",
            "ep_cache_context=" + BYTES,
            "hardware_architecture=87");
    assertThat(network.getGraph().getInput(0).getType().getTensorType().getShape().getDim(0))
        .matches(dim -> dim.getDimValue() == 1);
  }

  /**
   * The operator, its attributes and the tensors are as it knows them; what it lacks is the GPU.
   */
  @Test
  void onnxRuntimeKnowsTheNodeAndMissesTheProviderAlone() throws IOException {
    byte[] network = EngineNetwork.of(ONNX, built(1));
    assertThatThrownBy(() -> OrtEnvironment.getEnvironment().createSession(network))
        .isInstanceOf(OrtException.class)
        .hasMessageContaining("EPContext");
    assertThatThrownBy(() -> OnnxSource.ofEngine(network, "model.engine").open())
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith("Cannot use tensorrt: ")
        .hasMessageContaining("This ONNX Runtime has [cpu];");
  }

  @Test
  void anEngineOfABatchIsRefused() {
    assertThatThrownBy(() -> EngineNetwork.of(ONNX, built(8)))
        .hasMessage(
            "Cannot score engine "
                + folder.resolve("model.engine")
                + ": it takes 8 images a call (must be 1). Build it with --batch 1");
  }

  private EngineResult.Built built(int batch) throws IOException {
    Path engine = folder.resolve("model.engine");
    Files.writeString(engine, BYTES, StandardCharsets.UTF_8);
    var manifest =
        new EngineManifest(
            "2026-01-01T00:00:00Z",
            1.0,
            "10.3.0",
            new Gpu("Orin", "8.7", "", ""),
            List.of("Orin"),
            EngineManifest.Onnx.of(NetworkFile.of(ONNX)),
            List.of(batch, 3, 16, 24),
            List.of(),
            List.of("trtexec"),
            EngineManifest.Engine.of(engine),
            1,
            batch,
            Map.of("median", 1.0),
            Map.of(),
            List.of());
    return new EngineResult.Built(folder, folder.resolve("timing.cache"), manifest, false);
  }
}
