package stillhouse.jobs;

import static org.assertj.core.api.Assertions.assertThat;
import static stillhouse.jobs.StudentScoring.TENSORRT_MILLIS;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import stillhouse.canary.Canary;
import stillhouse.canary.Check;
import stillhouse.tensorrt.EngineManifest;
import stillhouse.tensorrt.EngineResult;

class VariantCanaryTest {
  private static final EngineResult ABSENT = new EngineResult.NotBuilt("no CUDA device");
  @TempDir Path folder;

  /** As {@code evaluate --engines} meets it where a CPU's host scored the FP32 file. */
  @Test
  void anEngineThatIsYoungerThanTheScoreOfItsFileIsTimedAllTheSame() throws IOException {
    Check check = check(built("fp32", 4), score(Map.of()), built("fp16", 2), score(Map.of()));
    assertThat(check.passed()).isTrue();
    assertThat(check.figures())
        .isEqualTo(
            "2.000 ms an image in TensorRT, the reference takes 4.000 (share 0.500, under 1.000)");
  }

  /** Of another machine's engines what the scores know is of them. */
  @Test
  void timesOfThisMachinesEnginesComeBeforeThoseOfTheScores() throws IOException {
    Score of8 = score(Map.of(TENSORRT_MILLIS, 8.0));
    Score of2 = score(Map.of(TENSORRT_MILLIS, 2.0));
    assertThat(check(built("fp32", 4), of8, built("fp16", 5), of2).passed()).isFalse();
    assertThat(check(ABSENT, of8, ABSENT, of2).values()).containsEntry("latency_share", 0.25);
  }

  @Test
  void whichEngineIsMissingIsSaid() throws IOException {
    Score none = score(Map.of());
    assertThat(check(ABSENT, none, ABSENT, none))
        .hasToString(
            "FAILED  latency: not measured: the file is for TensorRT, which was not built (no CUDA"
                + " device). Evaluate it where there is a GPU, with --force");
    var failed = new EngineResult.NotBuilt("trtexec failed: OutOfMemory");
    assertThat(check(failed, none, built("fp16", 2), none).figures())
        .contains("where the FP32 file's engine was not built (trtexec failed: OutOfMemory)");
  }

  private static Check check(EngineResult exact, Score fp32, EngineResult other, Score score) {
    return VariantCanary.inTensorRt(Canary.standard(), exact, fp32, other, score);
  }

  private EngineResult built(String name, double millis) throws IOException {
    Path out = Files.createDirectories(folder.resolve(name));
    Files.writeString(
        out.resolve("manifest.json"),
        "{\"onnx\": {}, \"engine\": {}, \"gpu\": {}, \"latency_ms\": {\"median\": %s}}"
            .formatted(millis));
    return new EngineResult.Built(out, out, EngineManifest.read(out).orElseThrow(), true);
  }

  private static Score score(Map<String, Double> metrics) {
    return Score.ofPredictions("a", "test", metrics, "", "model", "samples", "images", "run");
  }
}
