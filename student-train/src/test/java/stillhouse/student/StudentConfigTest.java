package stillhouse.student;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import stillhouse.conf.ConfigException;

class StudentConfigTest {
  private static final String TINY =
      """
      name: t
      network: conv-pyramid
      norm: batch
      channels: [8, 16]
      depths: [0, 1]
      decoder: 16
      embedding: 32
      """;

  private static final String VIT =
      TINY.replace("conv-pyramid", "tinyvit") + "heads: [2]\nwindows: [8]\n";
  private static final String DIGEST = "a0".repeat(32);

  @TempDir Path folder;

  @Test
  void readsEveryKey() {
    assertThat(Fixtures.config("tinyvit-1.6m"))
        .isEqualTo(
            new StudentConfig(
                "tinyvit-1.6m",
                StudentConfig.Network.TINYVIT,
                Norm.BATCH,
                List.of(32, 64, 96, 160),
                List.of(2, 2, 6, 2),
                128,
                128,
                List.of(2, 3, 5),
                List.of(8, 16, 8),
                null));
  }

  @Test
  void aConvPyramidNeedsNoHeads() throws IOException {
    StudentConfig config = load(TINY);
    assertThat(config.network()).isEqualTo(StudentConfig.Network.CONV_PYRAMID);
    assertThat(config.heads()).isEmpty();
    assertThat(config.windows()).isEmpty();
  }

  @Test
  void refusesAnUnknownKey() {
    assertThatThrownBy(() -> load(TINY + "dropout: 0.1\n"))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining("dropout");
  }

  @Test
  void refusesAMissingKey() {
    assertThatThrownBy(() -> load(TINY.replace("decoder: 16\n", "")))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining("decoder");
  }

  @Test
  void refusesAnUnknownNorm() {
    assertThatThrownBy(() -> load(TINY.replace("norm: batch", "norm: group")))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining("norm")
        .hasMessageContaining("[batch, none]");
  }

  @Test
  void refusesHeadsOfANetworkThatHasNone() {
    assertThatThrownBy(() -> load(TINY + "heads: [2]\n"))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining("Invalid student t: heads [2] has 1 entries, its stages need 0");
  }

  @Test
  void refusesDepthsThatDoNotMatchTheStages() {
    assertThatThrownBy(() -> load(TINY.replace("[0, 1]", "[0, 1, 2]")))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining(
            "Invalid student t: depths [0, 1, 2] has 3 entries, its stages need 2");
  }

  @Test
  void refusesATinyVitWithoutNormalisation() {
    String vit = TINY.replace("conv-pyramid", "tinyvit") + "heads: [2]\nwindows: [8]\n";
    assertThatThrownBy(() -> load(vit.replace("norm: batch", "norm: none")))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining("norm")
        .hasMessageContaining("batch");
  }

  @Test
  void refusesHeadsThatDoNotDivideTheirChannels() {
    String vit = TINY.replace("conv-pyramid", "tinyvit") + "heads: [3]\nwindows: [8]\n";
    assertThatThrownBy(() -> load(vit))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining(
            "Invalid student t: 3 heads do not divide the 16 channels of stage 1");
  }

  @Test
  void everyStageOfASwinAttends() throws IOException {
    String swin = TINY.replace("conv-pyramid", "swin");
    assertThat(load(swin + "heads: [2, 4]\nwindows: [8, 7]\n").windows()).containsExactly(8, 7);
    assertThatThrownBy(() -> load(swin + "heads: [2]\nwindows: [8]\n"))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining("heads [2] has 1 entries, its stages need 2");
    assertThatThrownBy(() -> load(swin + "heads: [3, 4]\nwindows: [8, 8]\n"))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining("Invalid student t: 3 heads do not divide the 8 channels of stage 0");
  }

  @Test
  void refusesWidthsThatABottleneckCannotNarrow() {
    assertThatThrownBy(
            () -> load(TINY.replace("conv-pyramid", "resnet").replace("[8, 16]", "[8, 18]")))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining("channels")
        .hasMessageContaining("multiple of 4");
  }

  @Test
  void onlyANeckChoosesItsStride() throws IOException {
    String neck =
        TINY.replace("conv-pyramid", "resnet-neck")
            .replace("[8, 16]", "[8, 16, 32, 64]")
            .replace("[0, 1]", "[1, 1, 1, 1]")
            .replace("decoder: 16\n", "");
    assertThat(load(neck).stride()).isEqualTo(16);
    assertThat(load(neck + "stride: 8\n").stride()).isEqualTo(8);
    assertThat(load(TINY).stride()).isEqualTo(4);
    assertThatThrownBy(() -> load(neck + "stride: 12\n"))
        .isInstanceOf(ConfigException.class)
        .hasMessageContainingAll("stride", "[4, 8, 16, 32]");
    assertThatThrownBy(() -> load(TINY + "stride: 8\n"))
        .isInstanceOf(ConfigException.class)
        .hasMessageContainingAll("stride", "4");
    assertThatThrownBy(() -> load(neck + "decoder: 16\n"))
        .isInstanceOf(ConfigException.class)
        .hasMessageContainingAll("decoder", "embedding, stride");
  }

  @Test
  void mobileSamsEncoderEndsAtSixteen() throws IOException {
    String neck =
        TINY.replace("conv-pyramid", "tinyvit-neck")
                .replace("[8, 16]", "[8, 16, 32, 64]")
                .replace("[0, 1]", "[1, 1, 1, 1]")
                .replace("decoder: 16\n", "")
            + "heads: [1, 2, 4]\n";
    String whole = neck + "windows: [4, 4, 4]\n";
    assertThat(load(whole).stride()).isEqualTo(16);
    assertThatThrownBy(() -> load(whole + "stride: 8\n"))
        .isInstanceOf(ConfigException.class)
        .hasMessageContainingAll("stride", "16");
    assertThatThrownBy(() -> load(whole + "decoder: 16\n"))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining("decoder");
    assertThatThrownBy(() -> load(neck))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining("windows");
  }

  /** A student of before there were strides is the one that it was. */
  @Test
  void aPyramidKeepsItsDigest() {
    assertThat(Fixtures.config("r50-fpn").digest().hex())
        .isEqualTo("a6f686bd5a7f362e24a3543a0c794bea1b015fe15ecfa469e2b94466b1f1581c");
  }

  /** A student of prompts of before there were proposals is the one that it was. */
  @Test
  void proposalsAreAPartOfTheDigestWhereThereAreAny() throws IOException {
    String prompted = TINY + "prompt: {depth: 1, heads: 2, mlp: 16, start: fresh%s}\n";
    StudentConfig plain = load(prompted.formatted(""));
    assertThat(plain.proposes()).isFalse();
    assertThat(plain.prompt().ofDecoder())
        .isEqualTo(
            "PromptSettings[depth=1, heads=2, mlp=16, doublings=2, densePoints=false, frequencies=1.0, start=FRESH]");
    StudentConfig proposing = load(prompted.formatted(", proposals: {channels: 8}"));
    assertThat(proposing.proposes()).isTrue();
    assertThat(proposing.digest())
        .isNotEqualTo(plain.digest())
        .isNotEqualTo(load(prompted.formatted(", proposals: {channels: 9}")).digest());
    assertThatThrownBy(() -> load(prompted.formatted(", proposals: {channels: 0}")))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining("prompt.proposals.channels");
    assertThatThrownBy(
            () -> load(prompted.formatted(", densePoints: true, proposals: {channels: 8}")))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining(
            "Invalid prompt: proposals stands beside densePoints: true, and a decoder of points alone takes no box");
  }

  @Test
  void namesTheWeightsThatItStartsFrom() throws IOException {
    StudentConfig config = load(VIT + pretrained("/w/vit.safetensors", DIGEST));
    assertThat(config.pretrained()).isEqualTo(new Pretrained("/w/vit.safetensors", DIGEST));
    assertThat(config.digest()).isNotEqualTo(load(VIT).digest());
    assertThat(config.digest())
        .isEqualTo(load(VIT + pretrained("/elsewhere.safetensors", DIGEST)).digest())
        .isNotEqualTo(
            load(VIT + pretrained("/w/vit.safetensors", DIGEST.replace('a', 'b'))).digest());
  }

  @Test
  void refusesWeightsThatNoExecutorCouldFindOrThatNothingPins() {
    assertThatThrownBy(() -> load(VIT + pretrained("w/vit.safetensors", DIGEST)))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining(
            "Invalid pretrained.file: w/vit.safetensors (must be an absolute path)");
    assertThatThrownBy(() -> load(VIT + pretrained("/w", "abc")))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining("pretrained.sha256");
    assertThatThrownBy(() -> load(VIT + "pretrained: {file: /w}\n"))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining("sha256");
  }

  @Test
  void refusesPublishedWeightsOfANetworkOfOurs() {
    assertThatThrownBy(() -> load(TINY + pretrained("/w", DIGEST)))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining(
            "Invalid student t: nothing is published of its network; take pretrained out");
  }

  private static String pretrained(String file, String sha256) {
    return "pretrained: {file: %s, sha256: %s}\n".formatted(file, sha256);
  }

  private StudentConfig load(String yaml) throws IOException {
    return StudentConfig.load(Files.writeString(folder.resolve("student.yaml"), yaml));
  }
}
