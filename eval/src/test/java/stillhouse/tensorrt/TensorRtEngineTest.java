package stillhouse.tensorrt;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** With shell scripts in place of trtexec and nvidia-smi: what is run, and what its end means. */
class TensorRtEngineTest {
  private static final Path ONNX = Path.of("src/test/resources/models/tiny_segmenter.onnx");
  private static final String SMI =
      """
      case "$*" in
        -L) echo 'GPU 0: NVIDIA L4 (UUID: GPU-0)';;
        *name,compute_cap*) echo 'NVIDIA L4, 8.9';;
        *driver*) echo 560.35.03;;
        "") echo '| NVIDIA-SMI 560.35.03   Driver Version: 560.35.03   CUDA Version: 12.6 |';;
        *) exit 6;;
      esac
      """;
  private final NetworkFile network = NetworkFile.of(ONNX);

  @TempDir Path folder;
  private Path programs;
  private Path out;
  private GpuHost host;

  @BeforeEach
  void prepare() throws IOException {
    programs = Files.createDirectory(folder.resolve("bin"));
    out = folder.resolve("engine");
    host = new GpuHost(List.of(programs), Files.createDirectory(folder.resolve("system")));
  }

  @Test
  void saysWhereThereIsNoDevice() throws IOException {
    trtexec("help-10.txt", "exit 1");
    assertThat(build(EngineOptions.standard()).summary()).isEqualTo("not built (no CUDA device)");
    program("nvidia-smi", "echo 'NVIDIA-SMI has failed'; exit 9");
    assertThat(host.hasCudaDevice()).isFalse();
    assertThat(out).doesNotExist();
  }

  @Test
  void saysWhereThereIsNoTrtexecThatBuildsSuchEngines() throws IOException {
    program("nvidia-smi", SMI);
    assertThat(build(EngineOptions.standard()).summary())
        .isEqualTo("not built (trtexec is neither on the PATH nor in /usr/src/tensorrt/bin)");
    assertThat(build(with(folder.resolve("other/trtexec"))).summary())
        .isEqualTo("not built (no program " + folder.resolve("other/trtexec") + ")");
    program("weak", "echo '[TensorRT v8601]'; echo '  --fp16  faster'; echo '  --onnx=<file>'");
    assertThat(build(with(Path.of("weak"))).summary())
        .isEqualTo("not built (TensorRT 8.6.1 builds no strongly typed networks; 10 and newer do)");
    assertThat(out).doesNotExist();
  }

  /** A Jetson has neither /dev/nvidia0 nor trtexec on its PATH. */
  @Test
  void aJetsonIsKnownByItsOwnFilesAndItsTrtexecIsFound() throws IOException {
    system("dev/nvhost-gpu", "");
    system("proc/device-tree/model", "NVIDIA Jetson Orin Nano Developer Kit\0");
    system("etc/nv_tegra_release", "# R36 (release), REVISION: 4.3, GCID: 1, BOARD: generic");
    system(
        "usr/local/cuda/version.json",
        "{\"cuda\" : {\"name\" : \"CUDA SDK\", \"version\" : \"12.6.11\"}}");
    trtexec("help-10.txt", pretended("trtexec-10.txt"));
    Path packaged = folder.resolve("system/usr/src/tensorrt/bin/trtexec");
    Files.createDirectories(packaged.getParent());
    Files.move(programs.resolve("trtexec"), packaged);

    var built = (EngineResult.Built) build(EngineOptions.standard());

    assertThat(built.manifest().gpu()).isEqualTo(new Gpu("Orin", "8.7", "L4T R36.4.3", "12.6.11"));
    assertThat(built.manifest().devices()).containsExactly("NVIDIA Jetson Orin Nano Developer Kit");
    assertThat(built.manifest().command().get(0)).isEqualTo(packaged.toString());
    assertThat(built.summary())
        .isEqualTo("built by TensorRT 10.3.0 on Orin (2013.1 images a second, median 0.552 ms)");
  }

  @Test
  void theManifestSaysWhatWasBuiltOfWhatForWhomAndHowFastItIs() throws IOException {
    program("nvidia-smi", SMI);
    trtexec("help-11.txt", pretended("trtexec-11.txt"));
    var options =
        new EngineOptions(
            8,
            Path.of("trtexec"),
            Path.of("timing.cache"),
            Duration.ofMinutes(1),
            false,
            List.of("--builderOptimizationLevel=5"));

    var built = (EngineResult.Built) build(options);

    JsonNode json = new ObjectMapper().readTree(out.resolve("manifest.json").toFile());
    assertThat(json.at("/gpu").toString())
        .isEqualTo(
            "{\"name\":\"NVIDIA L4\",\"compute_capability\":\"8.9\",\"driver\":\"560.35.03\",\"cuda\":\"12.6\"}");
    assertThat(json.at("/tensorrt").asText()).isEqualTo("11.1.0");
    assertThat(json.at("/build_seconds").asDouble()).isEqualTo(13.87);
    assertThat(json.at("/built_at").asText()).matches("20..-..-..T..:..:..Z");
    assertThat(json.at("/onnx/sha256").asText()).isEqualTo(network.digest().hex());
    assertThat(json.at("/onnx/precision").asText()).isEqualTo("fp32");
    assertThat(json.at("/onnx/metadata/stillhouse.classes").asText()).isEqualTo("red,green");
    assertThat(json.at("/shape").toString()).isEqualTo("[8,3,16,24]");
    assertThat(json.at("/settings").toString())
        .isEqualTo(
            "[\"--includeDataTransfers\",\"--shapes=image:8x3x16x24\",\"--builderOptimizationLevel=5\"]");
    assertThat(json.at("/queries_per_second").asDouble()).isEqualTo(1204.3);
    assertThat(json.at("/images_per_second").asDouble()).isEqualTo(8 * 1204.3);
    assertThat(json.at("/latency_ms/p99.9").asDouble()).isEqualTo(1.02);
    assertThat(json.at("/gpu_compute_ms/median").asDouble()).isEqualTo(0.6);
    assertThat(json.at("/engine/bytes").asLong()).isEqualTo(Files.size(built.engine()));
    assertThat(json.at("/not_in_operator_list")).isEmpty();
    assertThat(out).isDirectoryContaining("glob:**/trtexec.log");
    assertThat(Files.readAllLines(folder.resolve("arguments")))
        .containsExactlyElementsOf(built.manifest().command().subList(1, 8));
  }

  @Test
  void anEngineThatIsUpToDateIsNotBuiltAgain() throws IOException {
    program("nvidia-smi", SMI);
    trtexec("help-11.txt", pretended("trtexec-11.txt"));
    assertThat(((EngineResult.Built) build(EngineOptions.standard())).reused()).isFalse();
    var again = (EngineResult.Built) build(EngineOptions.standard());
    assertThat(again.reused()).isTrue();
    assertThat(again.manifest()).isEqualTo(EngineManifest.read(out).orElseThrow());
    assertThat(builds()).isEqualTo(1);

    var forced =
        new EngineOptions(
            1, Path.of("trtexec"), Path.of("timing.cache"), Duration.ofMinutes(1), true, List.of());
    assertThat(((EngineResult.Built) build(forced)).reused()).isFalse();
    assertThat(builds()).isEqualTo(2);
  }

  @Test
  void anotherFileBatchDeviceVersionOrADamagedEngineIsBuiltAnew() throws IOException {
    program("nvidia-smi", SMI);
    trtexec("help-11.txt", pretended("trtexec-11.txt"));
    build(EngineOptions.standard());
    Path other = folder.resolve("other.onnx");
    Files.copy(ONNX.resolveSibling("three_classes.onnx"), other);
    TensorRtEngine.build(NetworkFile.of(other), out, EngineOptions.standard(), host);
    assertThat(builds()).isEqualTo(2);
    build(EngineOptions.standard());
    build(batch(2));
    assertThat(builds()).isEqualTo(4);
    build(EngineOptions.standard());
    program("nvidia-smi", SMI.replace("NVIDIA L4", "NVIDIA L40"));
    build(EngineOptions.standard());
    assertThat(builds()).isEqualTo(6);
    trtexec("help-10.txt", pretended("trtexec-10.txt"));
    build(EngineOptions.standard());
    assertThat(builds()).isEqualTo(7);
    Files.writeString(out.resolve("model.engine"), "damaged");
    build(EngineOptions.standard());
    assertThat(builds()).isEqualTo(8);
    Files.writeString(out.resolve("manifest.json"), "{\"engine\"");
    build(EngineOptions.standard());
    assertThat(builds()).isEqualTo(9);
  }

  /** TensorRT refuses a timing cache of another version or GPU, or times layers by it. */
  @Test
  void timingsOfAnotherVersionAreNotUsedUnlessTheyWereGiven() throws IOException {
    program("nvidia-smi", SMI);
    trtexec("help-11.txt", pretended("trtexec-11.txt"));
    build(EngineOptions.standard());
    assertThat(Files.readString(out.resolve("timing.cache"))).isEqualTo("timed\n");
    build(batch(4));
    assertThat(Files.readString(out.resolve("timing.cache"))).isEqualTo("timed\ntimed\n");
    trtexec("help-10.txt", pretended("trtexec-10.txt"));
    build(EngineOptions.standard());
    assertThat(Files.readString(out.resolve("timing.cache"))).isEqualTo("timed\n");
    Path given = Files.writeString(folder.resolve("shared.cache"), "theirs\n");
    trtexec("help-11.txt", pretended("trtexec-11.txt"));
    build(new EngineOptions(1, Path.of("trtexec"), given, Duration.ofMinutes(1), false, List.of()));
    assertThat(Files.readString(given)).isEqualTo("theirs\ntimed\n");
  }

  @Test
  void aFailedBuildSaysTheCauseAndShowsTheEndOfItsOutput() throws IOException {
    program("nvidia-smi", SMI);
    trtexec(
        "help-10.txt", "seq 1 30; echo '[E] [TRT] No importer registered for op: Foo' >&2; exit 3");
    assertThatThrownBy(() -> build(EngineOptions.standard()))
        .isInstanceOf(EngineBuildException.class)
        .hasMessageContaining(
            "gave no engine for "
                + ONNX
                + " (exit code 3): TensorRT of this version does not know operator Foo")
        .hasMessageContaining("\n  12\n")
        .hasMessageEndingWith("\n  30\n  [E] [TRT] No importer registered for op: Foo")
        .hasMessageNotContaining("\n  11\n");
  }

  @Test
  void anEngineOfAnEarlierBuildDoesNotPassForThisOne() throws IOException {
    program("nvidia-smi", SMI);
    Files.createDirectories(out);
    Files.writeString(out.resolve("model.engine"), "old");
    trtexec("help-10.txt", "echo done");
    assertThatThrownBy(() -> build(EngineOptions.standard()))
        .hasMessageContaining("gave no engine for " + ONNX + " (exit code 0)");
    assertThat(out.resolve("model.engine")).doesNotExist();
  }

  @Test
  void aProgramThatDoesNotStartOrHangsIsSaid() throws IOException {
    program("nvidia-smi", SMI);
    program("broken", "echo 'error while loading shared libraries: libnvinfer.so.10'; exit 127");
    assertThatThrownBy(() -> build(with(Path.of("broken"))))
        .hasMessage(
            programs.resolve("broken")
                + " does not start: it ended with 127 and said 'error while loading shared libraries: libnvinfer.so.10'");
    trtexec("help-10.txt", "exec sleep 60");
    var hasty =
        new EngineOptions(
            1,
            Path.of("trtexec"),
            Path.of("timing.cache"),
            Duration.ofMillis(300),
            false,
            List.of());
    assertThatThrownBy(() -> build(hasty))
        .hasMessageContaining("trtexec was stopped after PT0.3S. Raise the timeout");
  }

  @Test
  void refusesWhatItSetsItselfAndPrecisionFlags() {
    assertThatThrownBy(() -> with("--saveEngine=x"))
        .hasMessage("Invalid argument for trtexec: --saveEngine=x (it is set here)");
    assertThatThrownBy(() -> with("--fp16"))
        .hasMessageStartingWith(
            "Invalid argument for trtexec: --fp16 (precision is what the ONNX file says");
    assertThatThrownBy(
            () ->
                new EngineOptions(
                    0, Path.of("t"), Path.of("c"), Duration.ofMinutes(1), false, List.of()))
        .hasMessage("Invalid batch: 0 (must be ≥ 1)");
    assertThatThrownBy(
            () -> new EngineOptions(1, Path.of("t"), Path.of("c"), Duration.ZERO, false, List.of()))
        .hasMessage("Invalid timeout: PT0S (must be > 0)");
  }

  private EngineResult build(EngineOptions options) {
    return TensorRtEngine.build(network, out, options, host);
  }

  private static EngineOptions with(Path trtexec) {
    return new EngineOptions(
        1, trtexec, Path.of("timing.cache"), Duration.ofMinutes(1), false, List.of());
  }

  private static EngineOptions batch(int images) {
    return new EngineOptions(
        images,
        Path.of("trtexec"),
        Path.of("timing.cache"),
        Duration.ofMinutes(1),
        false,
        List.of());
  }

  private static EngineOptions with(String extra) {
    return new EngineOptions(
        1, Path.of("t"), Path.of("c"), Duration.ofMinutes(1), false, List.of(extra));
  }

  /** Saves an engine, a profile and a longer timing cache, and prints a build's output. */
  private String pretended(String output) throws IOException {
    Path text = Files.writeString(folder.resolve(output), TrtexecReportTest.text(output));
    return """
        printf '%%s\\n' "$@" > '%1$s/arguments'
        echo build >> '%1$s/builds'
        for a in "$@"; do case "$a" in
          --saveEngine=*|--exportProfile=*) echo engine > "${a#--*=}";;
          --timingCacheFile=*) echo timed >> "${a#--*=}";;
        esac; done
        cat '%2$s'
        """
        .formatted(folder, text);
  }

  private int builds() throws IOException {
    return Files.readAllLines(folder.resolve("builds")).size();
  }

  private void trtexec(String help, String build) throws IOException {
    Path text = Files.writeString(folder.resolve(help), TrtexecReportTest.text(help));
    program("trtexec", "if [ \"$1\" = --help ]; then cat '" + text + "'; exit 0; fi\n" + build);
  }

  private void program(String name, String script) throws IOException {
    Path file = Files.writeString(programs.resolve(name), "#!/bin/sh\n" + script + "\n");
    assertThat(file.toFile().setExecutable(true)).isTrue();
  }

  private void system(String name, String text) throws IOException {
    Path file = folder.resolve("system").resolve(name);
    Files.createDirectories(file.getParent());
    Files.writeString(file, text);
  }
}
