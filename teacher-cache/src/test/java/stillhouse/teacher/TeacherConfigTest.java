package stillhouse.teacher;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import stillhouse.conf.ConfigException;
import stillhouse.identity.Sha256;

class TeacherConfigTest {
  static final Path SAM2 = Path.of("../conf/teachers/sam2-hiera-tiny.yaml");

  @TempDir Path folder;

  @Test
  void readsTheShippedSam2() {
    TeacherConfig config = TeacherConfig.load(SAM2);

    TeacherSpec spec = config.spec();
    assertThat(spec.name()).isEqualTo("sam2-hiera-tiny");
    assertThat(spec.layers()).containsExactly("embedding", "high_res_0", "high_res_1");
    assertThat(spec.embedding()).isEqualTo("embedding");
    assertThat(spec.promptable()).isTrue();
    assertThat(spec.batch()).isEqualTo(1);
    assertThat(spec.encoderDigest().brief()).isEqualTo("54e9ee80bd43");
    assertThat(spec.decoderDigest().brief()).isEqualTo("4a4c8a8a53d9");
    assertThat(config.decoder().features()).containsEntry("high_res_feats_0", "high_res_0");
    assertThat(config.device()).isEqualTo(TeacherConfig.Device.CPU);
  }

  @Test
  void listsAPlainSegmentersLogitsAmongItsLayers() throws IOException {
    TeacherSpec spec = SmallSegmenter.onnx(folder).spec();

    assertThat(spec.layers()).containsExactly("embedding", "logits");
    assertThat(spec.promptable()).isFalse();
    assertThat(spec.decoderDigest()).isEqualTo(spec.encoderDigest());
  }

  @Test
  void takesTheFirstLayerForTheEmbeddingWhereNoneHasThatName() throws IOException {
    String yaml = small().replace("layers: {embedding:", "layers: {stage_2: a, stage_3:");

    assertThat(load(yaml).spec().embedding()).isEqualTo("stage_2");
  }

  @Test
  void identityFollowsPreprocessingAndOutputsButNotThreads() throws IOException {
    String yaml = small();
    TeacherSpec spec = load(yaml).spec();

    assertThat(load(yaml.replace("threads: 1", "threads: 2")).spec()).isEqualTo(spec);
    assertThat(load(yaml.replace("mean: [0.4", "mean: [0.41")).spec().preprocessing())
        .isNotEqualTo(spec.preprocessing());
    assertThat(shrinking(yaml, "bilinear")).isEqualTo(spec.preprocessing());
    assertThat(shrinking(yaml, "area"))
        .isNotEqualTo(spec.preprocessing())
        .isNotEqualTo(shrinking(yaml, "antialias"));
    assertThat(load(yaml.replace("\"features\"", "\"other\"")).spec().fingerprint())
        .isNotEqualTo(spec.fingerprint());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          name: small                | name: Small                       | name: does not match
          name: small                | name: small\\nbatch: 2            | batch: is not defined
          threads: 1                 | threads: 0                        | threads: must have a minimum value of 1
          engine: onnxruntime        | engine: tensorflow                | engine: does not have a value in the enumeration [onnxruntime, pytorch]
          threads: 1                 | device: tpu                       | device: does not have a value in the enumeration [cpu, gpu]
          resize: direct             | resize: crop                      | input.resize: does not have a value in the enumeration [direct, longest-side]
          0..1                       | 0..2                              | input.scale: does not have a value in the enumeration [0..1, 0..255, min-max]
          std: [0.2,                 | std: [0,                          | input.std[0]: must have an exclusive minimum value of 0
          std: [0.2,                 | std: [0.2, 0.2,                   | input.std: there must be a maximum of 3 items
          file:                      | http:                             | files.encoder.source: does not match
          file:                      | npm:thing!                        | Invalid source: 'npm:thing!
          layers: {embedding:        | embedding: x\\nlayers: {a:        | Invalid embedding: 'x' (must be one of layers [a])
          layers: {embedding:        | layers: {logits:                  | Invalid layers: 'logits'
          layers: {embedding:        | decoder: {kind: sam2}\\nlayers: {a: | decoder is given without files.decoder
          layers: {embedding:        | decoder: {kind: sam9}\\nlayers: {a: | decoder.kind: does not have a value in the enumeration [sam2, sam, efficient-sam, edge-sam, dense-points]
          """)
  void refuses(String from, String to, String message) throws IOException {
    String yaml = small();
    assertThat(yaml).contains(from);

    assertThatThrownBy(() -> load(yaml.replace(from, to.replace("\\n", "\n"))))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining("Invalid configuration")
        .hasMessageContaining(message);
  }

  private Sha256 shrinking(String yaml, String how) throws IOException {
    String named = yaml.replace("resize: direct", "resize: direct\n  shrink: " + how);
    return load(named).spec().preprocessing();
  }

  @Test
  void refusesADecoderWithoutItsLayersOrWithTensorsOfAnotherKind() throws IOException {
    String yaml = Files.readString(SAM2);

    assertThatThrownBy(() -> load(yaml.replace("high_res_0: high", "detail: high")))
        .hasMessageContaining("the decoder reads [embedding, high_res_0, high_res_1]");
    assertThatThrownBy(() -> load(yaml.replace("    bytes: 134736672", "    method: encode")))
        .hasMessageContaining("Invalid method: 'encode' (engine onnxruntime calls no methods)");
    assertThatThrownBy(() -> load(yaml.replace("kind: sam2", "kind: sam\n  high_res_0: x")))
        .hasMessageContaining("decoder.high_res_0: is not defined in the schema");
    assertThatThrownBy(
            () -> load(yaml.replace("high_res_0: h", "embedding_margin: x\n  high_res_0: h")))
        .hasMessageContaining(
            "Invalid layers: 'embedding_margin' (the name is kept for the padding of layer"
                + " embedding)");
  }

  @Test
  void refusesAPresetWithTheWayToPinIt() {
    Path preset = SAM2.resolveSibling("sam-vit-h.yaml");

    assertThatThrownBy(() -> TeacherConfig.load(preset))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining("Cannot use teacher sam-vit-h: " + preset + " is a preset")
        .hasMessageContaining(
            "Run: stillhouse teacher adopt sam-vit-h --encoder FILE --decoder FILE --out DIR");
  }

  @Test
  void anotherWayOfAskingIsAnotherDecoderAndTheFirstIsTheFileAlone() throws IOException {
    TeacherConfig sam2 = TeacherConfig.load(SAM2);
    assertThat(sam2.decoderDigest(1)).isEqualTo(sam2.files().decoder().digest());
    assertThat(List.of(sam2.decoderDigest(1), sam2.decoderDigest(2), sam2.decoderDigest(3)))
        .doesNotHaveDuplicates()
        .contains(sam2.spec().decoderDigest());
  }

  @Test
  void otherNamesOfADecodersTensorsAreAnotherDecoder() throws IOException {
    String yaml = Files.readString(SAM2);
    TeacherSpec published = load(yaml).spec();

    TeacherSpec same = load(yaml.replace("kind: sam2", "kind: sam2\n  masks: masks")).spec();
    TeacherSpec other = load(yaml.replace("kind: sam2", "kind: sam2\n  masks: fine")).spec();

    assertThat(same).isEqualTo(published);
    assertThat(published.decoderDigest()).isEqualTo(load(yaml).files().decoder().digest());
    assertThat(other.decoderDigest()).isNotEqualTo(published.decoderDigest());
    assertThat(other.encoderDigest()).isEqualTo(published.encoderDigest());
  }

  @Test
  void keepsThePaddingOfLayersThatADecoderReads() throws IOException {
    String yaml = Files.readString(SAM2).replace("resize: direct", "resize: longest-side");

    assertThat(load(yaml).spec().layers())
        .containsExactly(
            "embedding",
            "high_res_0",
            "high_res_1",
            "embedding_margin",
            "high_res_0_margin",
            "high_res_1_margin");
  }

  private TeacherConfig load(String yaml) throws IOException {
    return TeacherConfig.load(SmallSegmenter.write(folder, yaml));
  }

  private static String small() {
    return SmallSegmenter.yaml("onnxruntime", "small-segmenter.onnx", "features", "classes");
  }
}
