package stillhouse.tensorrt;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TrtexecTest {
  private static final Path PROGRAM = Path.of("/opt/trtexec");
  private static final Path ONNX = Path.of("src/test/resources/models/tiny_segmenter.onnx");

  private final NetworkFile network = NetworkFile.of(ONNX);

  @Test
  void ofTensorRt10AsksForWhatIsTheDefaultIn11() {
    assertThat(of("help-10.txt").settings(network, EngineOptions.standard()))
        .containsExactly(
            "--stronglyTyped",
            "--separateProfileRun",
            "--useCudaGraph",
            "--useSpinWait",
            "--shapes=image:1x3x16x24");
  }

  @Test
  void ofTensorRt11LeavesOutWhatDoesNothingAndAsksForTransfersToBeTimed() {
    Trtexec trtexec = of("help-11.txt");
    assertThat(trtexec.version()).isEqualTo("11.1.0");
    assertThat(trtexec.settings(network, EngineOptions.standard()))
        .containsExactly("--includeDataTransfers", "--shapes=image:1x3x16x24");
    assertThat(trtexec.command(network, Path.of("out"), EngineOptions.standard()))
        .startsWith(
            "/opt/trtexec",
            "--onnx=" + ONNX,
            "--saveEngine=out/model.engine",
            "--timingCacheFile=out/timing.cache",
            "--exportProfile=out/profile.json");
  }

  @Test
  void onlyNetworksThatAreStronglyTypedAreBuilt() {
    assertThat(of("help-10.txt").buildsStronglyTyped()).isTrue();
    assertThat(of("help-11.txt").buildsStronglyTyped()).isTrue();
    String later =
        TrtexecReportTest.text("help-11.txt").replaceAll("(?m)^ .*stronglyTyped.*\\R", "");
    assertThat(Trtexec.of(PROGRAM, later).buildsStronglyTyped()).isTrue();
    String weak =
        TrtexecReportTest.text("help-10.txt").replaceAll("(?m)^ .*stronglyTyped.*\\R", "");
    assertThat(Trtexec.of(PROGRAM, weak).buildsStronglyTyped()).isFalse();
  }

  @ParameterizedTest
  @CsvSource({
    "v8601, 8.6.1",
    "v100300, 10.3.0",
    "v101602, 10.16.2",
    "v110100, 11.1.0",
    "v11.1.0.106, 11.1.0.106"
  })
  void aVersionIsReadInEachOfItsForms(String banner, String version) {
    assertThat(Trtexec.version("&&&& RUNNING TensorRT.trtexec [TensorRT " + banner + "] [b99] # x"))
        .isEqualTo(version);
  }

  @Test
  void aTextWithoutAVersionHasNone() {
    assertThat(Trtexec.version("usage: nothing")).isEmpty();
  }

  /** Each line alone, and among what a run says besides. */
  @Test
  void aFailureIsToldByItsCause() {
    List<String[]> cases =
        TrtexecReportTest.text("failures.tsv").lines().map(line -> line.split("\t")).toList();
    assertThat(cases).hasSize(15);
    for (String[] each : cases) {
      String run = "&&&& RUNNING\n[I] Precision: Strongly Typed\n" + each[0] + "\n&&&& FAILED";
      assertThat(TrtexecFailure.cause(1, each[0])).as(each[0]).hasValue(each[1]);
      assertThat(TrtexecFailure.cause(1, run)).as(each[0]).hasValue(each[1]);
    }
    assertThat(TrtexecFailure.cause(1, TrtexecReportTest.text("trtexec-10.txt"))).isEmpty();
    assertThat(TrtexecFailure.cause(137, ""))
        .hasValue("it was ended by signal 9, as the kernel does for want of memory");
    assertThat(TrtexecFailure.cause(139, "")).hasValue("it was ended by signal 11");
  }

  private static Trtexec of(String help) {
    return Trtexec.of(PROGRAM, TrtexecReportTest.text(help));
  }
}
