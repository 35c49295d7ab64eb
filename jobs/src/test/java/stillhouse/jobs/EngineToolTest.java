package stillhouse.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * {@code stillhouse engine} as a device runs it: a JVM of its own whose class path has what the jar
 * of it has, with shell scripts in place of trtexec and nvidia-smi.
 */
class EngineToolTest {
  private static final Path MODELS = Path.of("../eval/src/test/resources/models").toAbsolutePath();

  /** Of edge/pom.xml; no Spark, no DJL, no ONNX Runtime. */
  private static final List<String> IN_THE_JAR =
      List.of(
          "picocli",
          "protobuf-java",
          "tribuo-util-onnx",
          "jackson-core",
          "jackson-databind",
          "jackson-annotations",
          "mlflow-client",
          "slf4j-api");

  @TempDir Path folder;
  private Path onnx;

  @BeforeEach
  void copy() throws IOException {
    onnx = Files.copy(MODELS.resolve("tiny_segmenter.onnx"), folder.resolve("a student.onnx"));
  }

  @Test
  void whereThereIsNoGpuItSaysWhatToRunWhereThereIsOne() throws Exception {
    Said said = engine("--onnx", onnx.toString(), "--trtexec", "/none/trtexec", "--batch=4");
    assertThat(said.code()).as(said.text()).isEqualTo(Stillhouse.NOT_BUILT);
    assertThat(said.text())
        .contains(onnx + " (fp32, ", "not built (")
        .contains(
            "on the GPU host: stillhouse engine --onnx '"
                + onnx
                + "' --trtexec /none/trtexec --batch=4")
        .contains("java -jar stillhouse-engine.jar --onnx 'a student.onnx' --batch 4");
    assertThat(folder).isDirectoryNotContaining("glob:**.tensorrt");
  }

  @Test
  void anEngineIsBuiltOnceBesideItsFile() throws Exception {
    pretend();
    Said said = engine("--onnx", onnx.toString(), "--", "--builderOptimizationLevel=5");
    assertThat(said.code()).as(said.text()).isZero();
    Path out = folder.resolve("a student.tensorrt");
    assertThat(said.text())
        .contains("  built by TensorRT 11.1.0 on NVIDIA L4 (", out.resolve("model.engine") + ", ");
    assertThat(out)
        .isDirectoryContaining("glob:**/manifest.json")
        .isDirectoryContaining("glob:**/profile.json")
        .isDirectoryContaining("glob:**/timing.cache")
        .isDirectoryContaining("glob:**/trtexec.log");
    assertThat(engine("--onnx", onnx.toString(), "--", "--builderOptimizationLevel=5").text())
        .contains("  up to date, built by ");
  }

  @Test
  void aTrtexecThatFailsEndsItWithTheCause() throws Exception {
    pretend();
    program(
        "trtexec",
        "[ \"$1\" = --help ] && echo '  --onnx=<file>' && exit; echo OutOfMemory; exit 1");
    Said said = engine("--onnx", onnx.toString(), "--out", folder.resolve("out").toString());
    assertThat(said.code()).isEqualTo(Stillhouse.FAILED);
    assertThat(said.text())
        .contains("error: trtexec gave no engine for " + onnx + " (exit code 1): there is too")
        .doesNotContain("\tat ");
  }

  /** The file that is for CPUs says so before a build is tried. */
  @Test
  void filesOfARunAreThoseThatAreForTensorRt() throws Exception {
    Path run = Files.createDirectories(folder.resolve("root/runs/mine"));
    Files.writeString(run.resolve("run.json"), "{\"mlflowRun\": \"\"}");
    String root = "--root=" + folder.resolve("root");
    assertThat(BadInputTest.refused("engine", "--run=mine", root))
        .contains("No ONNX file in " + run + ". Run the export job first.");
    Files.copy(onnx, run.resolve("student.onnx"));
    Files.copy(onnx, run.resolve("student.int8-cpu.onnx"));
    assertThat(BadInputTest.refused("engine", "--run=mine", root, "--variant=int8-cpu"))
        .contains("Invalid --variant: int8-cpu (must be among [fp32, fp16, int8, points]: ");
    assertThat(BadInputTest.refused("engine", "--run=mine", root, "--variant=fp16"))
        .contains("No file of variant fp16 in " + run + ". Run the export job with --variants");
    assertThat(BadInputTest.refused("engine", "--run=yours", root))
        .contains(
            "No trained run in " + folder.resolve("root/runs/yours") + ": run.json is missing");
    pretend();
    Said said = engine("--run=mine", root);
    assertThat(said.code()).as(said.text()).isZero();
    assertThat(run.resolve("tensorrt/model.engine")).exists(); // where evaluate looks for it
    assertThat(run.resolve("variants")).doesNotExist();
  }

  @Test
  void whatCanBeMendedIsRefusedInASentence() throws IOException {
    assertThat(BadInputTest.refused("engine"))
        .contains("Nothing to build of: give --onnx FILE or --run NAME --root DIR");
    Path none = folder.resolve("none.onnx");
    assertThat(BadInputTest.refused("engine", "--onnx=" + none))
        .contains("Cannot read " + none + ": no such file");
    assertThat(BadInputTest.refused("engine", "--onnx=" + onnx, "extra"))
        .contains("Invalid arguments: [extra] (must begin with --, and stand behind -- : ");
    assertThat(BadInputTest.refused("engine", "--onnx=" + onnx, "--", "--int8"))
        .contains("Invalid argument for trtexec: --int8 (precision is what the ONNX file says; ");
    assertThat(BadInputTest.refused("engine", "--onnx=" + onnx, "--batch=0"))
        .contains("Invalid batch: 0 (must be ≥ 1)");
  }

  private record Said(int code, String text) {}

  private Said engine(String... args) throws IOException, InterruptedException {
    return run(folder, folder.resolve("bin"), List.of(), args);
  }

  /**
   * Runs the tool.
   *
   * @param programs folder that comes first on its PATH
   * @param environment more of it, as NAME=VALUE
   */
  private static Said run(Path home, Path programs, List<String> environment, String... args)
      throws IOException, InterruptedException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-cp", classPath()));
    command.add(EngineTool.class.getName());
    command.addAll(List.of(args));
    ProcessBuilder builder =
        new ProcessBuilder(command).redirectErrorStream(true).directory(home.toFile());
    builder.environment().remove("MLFLOW_TRACKING_URI");
    builder.environment().merge("PATH", programs.toString(), (old, bin) -> bin + ":" + old);
    for (String each : environment) {
      builder.environment().put(each.split("=", 2)[0], each.split("=", 2)[1]);
    }
    Process process = builder.start();
    String text = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    return new Said(process.waitFor(), text);
  }

  private static String classPath() {
    String all =
        System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
    return Arrays.stream(all.split(File.pathSeparator))
        .filter(EngineToolTest::isInTheJar)
        .collect(Collectors.joining(File.pathSeparator));
  }

  private static boolean isInTheJar(String entry) {
    String name = Path.of(entry).getFileName().toString();
    return name.equals("classes")
        || Stream.of("teacher-cache", "eval", "jobs").anyMatch(m -> name.startsWith(m + "-0"))
        || IN_THE_JAR.stream().anyMatch(library -> name.matches(library + "-\\d.*"));
  }

  private void pretend() throws IOException {
    pretend(folder.resolve("bin"));
  }

  /** A machine with an L4 and TensorRT 11.1, as far as this tool can see. */
  static void pretend(Path programs) throws IOException {
    Path texts = MODELS.resolveSibling("tensorrt");
    program(
        programs,
        "nvidia-smi",
        "case \"$*\" in *compute_cap*) echo 'NVIDIA L4, 8.9';; -L) echo 'GPU 0: L4';; esac");
    program(
        programs,
        "trtexec",
        """
        if [ "$1" = --help ]; then cat '%1$s/help-11.txt'; exit; fi
        for a in "$@"; do case "$a" in
          --saveEngine=*|--exportProfile=*|--timingCacheFile=*) echo made > "${a#--*=}";;
        esac; done
        cat '%1$s/trtexec-11.txt'
        """
            .formatted(texts));
  }

  private void program(String name, String script) throws IOException {
    program(folder.resolve("bin"), name, script);
  }

  private static void program(Path programs, String name, String script) throws IOException {
    Path file =
        Files.writeString(
            Files.createDirectories(programs).resolve(name), "#!/bin/sh\n" + script + "\n");
    assertThat(file.toFile().setExecutable(true)).isTrue();
  }

  /** Builds the engines of a run of a workspace and tells MLflow's run of them. */
  static String ofRun(Path root, String run, String mlflow, Path programs)
      throws IOException, InterruptedException {
    pretend(programs);
    Said said =
        run(
            root,
            programs,
            List.of("MLFLOW_TRACKING_URI=" + mlflow),
            "--run=" + run,
            "--root=" + root,
            "--variant=fp32,fp16");
    assertThat(said.code()).as(said.text()).isZero();
    return said.text();
  }
}
