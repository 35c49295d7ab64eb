package stillhouse.tensorrt;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** With a shell script in place of trtexec: the command line, and what its end means. */
class TensorRtEngineTest {
  private final EngineOptions options = EngineOptions.forImage(256, 320);

  @TempDir Path folder;
  private Path onnx;
  private Path programs;
  private Path out;

  @BeforeEach
  void prepare() throws IOException {
    onnx = Files.writeString(folder.resolve("student.onnx"), "graph");
    programs = Files.createDirectory(folder.resolve("bin"));
    out = folder.resolve("engine");
  }

  @Test
  void saysWhereThereIsNoDevice() throws IOException {
    program("trtexec", "exit 1");
    var host = new GpuHost(List.of(programs), folder.resolve("nvidia0"));
    assertThat(TensorRtEngine.build(onnx, out, options, host))
        .isEqualTo(new EngineResult.NotBuilt("not built (no CUDA device)"));
    assertThat(out).doesNotExist();
  }

  @Test
  void saysWhereThereIsNoTrtexec() throws IOException {
    assertThat(TensorRtEngine.build(onnx, out, options, gpuHost()))
        .isEqualTo(new EngineResult.NotBuilt("not built (trtexec not on PATH)"));
  }

  @Test
  void aDeviceThatOnlyNvidiaSmiListsCounts() throws IOException {
    var host = new GpuHost(List.of(programs), folder.resolve("nvidia0"));
    program("nvidia-smi", "echo 'NVIDIA-SMI has failed'; exit 9");
    assertThat(host.hasCudaDevice()).isFalse();
    program("nvidia-smi", "[ \"$1\" = -L ] && echo 'GPU 0: NVIDIA H200 (UUID: GPU-0)'");
    assertThat(host.hasCudaDevice()).isTrue();
  }

  @Test
  void buildsAStronglyTypedEngineAndReadsItsSpeed() throws IOException {
    Path summary = Files.writeString(folder.resolve("summary"), TrtexecReportTest.summary());
    program(
        "trtexec",
        """
        printf '%%s\\n' "$@" > '%s/arguments'
        for a in "$@"; do case "$a" in --saveEngine=*) echo engine > "${a#--saveEngine=}";; esac; done
        cat '%s'
        """
            .formatted(folder, summary));
    var more = new EngineOptions(List.of(4, 3, 256, 320), Duration.ofMinutes(1), List.of("--best"));

    var built = (EngineResult.Built) TensorRtEngine.build(onnx, out, more, gpuHost());

    assertThat(Files.readAllLines(folder.resolve("arguments")))
        .containsExactly(
            "--onnx=" + onnx,
            "--saveEngine=" + out.resolve("model.engine"),
            "--stronglyTyped",
            "--timingCacheFile=" + out.resolve("timing.cache"),
            "--exportProfile=" + out.resolve("profile.json"),
            "--separateProfileRun",
            "--shapes=image:4x3x256x320",
            "--best");
    assertThat(built.engine()).exists();
    assertThat(built.report().throughputPerSecond()).isEqualTo(2013.08);
    assertThat(built.summary()).isEqualTo("built (2013.1 inferences a second, median 0.552 ms)");
    assertThat(built.log()).content().isEqualTo(TrtexecReportTest.summary());
  }

  @Test
  void aFailedBuildShowsTheEndOfItsOutput() throws IOException {
    program("trtexec", "seq 1 30; echo '[E] No importer registered for op: Foo' >&2; exit 3");
    assertThatThrownBy(() -> TensorRtEngine.build(onnx, out, options, gpuHost()))
        .isInstanceOf(EngineBuildException.class)
        .hasMessageContaining("gave no engine for " + onnx + " (exit code 3")
        .hasMessageContaining("\n  12\n")
        .hasMessageEndingWith("\n  30\n  [E] No importer registered for op: Foo")
        .hasMessageNotContaining("\n  11\n");
  }

  @Test
  void anEngineOfAnEarlierBuildDoesNotPassForThisOne() throws IOException {
    Files.createDirectories(out);
    Files.writeString(out.resolve("model.engine"), "old");
    program("trtexec", "echo done");
    assertThatThrownBy(() -> TensorRtEngine.build(onnx, out, options, gpuHost()))
        .hasMessageContaining("exit code 0, engine " + out.resolve("model.engine"));
  }

  @Test
  void aBuildThatHangsIsStopped() throws IOException {
    program("trtexec", "exec sleep 60");
    var hasty = new EngineOptions(options.shape(), Duration.ofMillis(200), List.of());
    assertThatThrownBy(() -> TensorRtEngine.build(onnx, out, hasty, gpuHost()))
        .hasMessageContaining("trtexec was stopped after PT0.2S. Raise the timeout");
  }

  @Test
  void refusesAMissingModelAndAShapeThatIsNoImage() throws IOException {
    program("trtexec", "exit 0");
    Path missing = folder.resolve("none.onnx");
    assertThatThrownBy(() -> TensorRtEngine.build(missing, out, options, gpuHost()))
        .hasMessage("Cannot build an engine from " + missing + ": no such file");
    assertThatThrownBy(
            () -> new EngineOptions(List.of(1, 4, 8, 8), Duration.ofSeconds(1), List.of()))
        .hasMessage("Invalid shape: [1, 4, 8, 8] (must be [N, 3, H, W])");
  }

  private GpuHost gpuHost() throws IOException {
    Path device = folder.resolve("nvidia0");
    if (!Files.exists(device)) {
      Files.createFile(device);
    }
    return new GpuHost(List.of(programs), device);
  }

  private void program(String name, String script) throws IOException {
    Path file = Files.writeString(programs.resolve(name), "#!/bin/sh\n" + script + "\n");
    assertThat(file.toFile().setExecutable(true)).isTrue();
  }
}
