package stillhouse.jobs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.Reader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Properties;
import org.apache.spark.SparkConf;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import stillhouse.conf.ConfFiles;
import stillhouse.train.BarrierTraining;
import stillhouse.train.TrainingPlugin;

/** What hosts with GPUs are set up with, where an nvidia-smi of our own says what there is. */
class GpuClusterFilesTest {
  private static final Path CLUSTER = ConfFiles.home().toAbsolutePath().resolve("conf/cluster");

  @TempDir Path folder;

  private record Said(int code, String out, String err) {}

  @Test
  void discoveryGivesEachGpuTheIndexThatCudaGivesIt() throws Exception {
    nvidia("0\\n1\\n2\\n3\\n");
    JsonNode found = new ObjectMapper().readTree(run(Map.of(), "gpus.sh").out());
    assertThat(found.get("name").asText()).isEqualTo("gpu");
    assertThat(found.get("addresses").toString()).isEqualTo("[\"0\",\"1\",\"2\",\"3\"]");
    Said some = run(Map.of("CUDA_VISIBLE_DEVICES", "GPU-8a,GPU-3b"), "gpus.sh");
    assertThat(new ObjectMapper().readTree(some.out()).get("addresses").toString())
        .isEqualTo("[\"0\",\"1\"]");
  }

  @Test
  void discoveryFailsWhereThereIsNone() throws Exception {
    Said none = run(Map.of(), "gpus.sh");
    assertThat(none.code()).isNotZero();
    assertThat(none.err()).contains("no GPU can be found: nvidia-smi is not on the PATH");
    nvidia("");
    assertThat(run(Map.of(), "gpus.sh").err()).contains("nvidia-smi lists none");
  }

  @Test
  void theScriptSaysWhatIsMissingBeforeAnythingStarts() throws Exception {
    String[] sweep = {"gpu-4.sh", "smoke", "drawn-scenes", "t.yaml", "root"};
    assertThat(run(Map.of(), sweep).err()).contains("error: MLFLOW_TRACKING_URI is not set");
    nvidia("0\\n1\\n");
    Map<String, String> server = Map.of("MLFLOW_TRACKING_URI", "http://127.0.0.1:9");
    assertThat(run(server, sweep).err()).contains("this host has 2 GPUs, and gpu-4 wants four");
    nvidia("0\\n1\\n2\\n3\\n");
    Said torch = run(server, sweep);
    assertThat(torch.err()).contains("error: PYTORCH_LIBRARY_PATH is ''");
    assertThat(torch.code()).isEqualTo(2);
  }

  @ParameterizedTest
  @CsvSource({"gpu-4.conf, 4", "gpu-1.conf, 1"})
  void itsSettingsTrainARankAGpuAndNoMore(String name, int gpus) throws IOException {
    Properties settings = new Properties();
    try (Reader file = Files.newBufferedReader(CLUSTER.resolve(name))) {
      settings.load(file);
    }
    SparkConf conf = new SparkConf(false).set("spark.plugins", TrainingPlugin.class.getName());
    settings.forEach((key, value) -> conf.set(key.toString(), value.toString().strip()));
    assertThatCode(() -> BarrierTraining.requireCluster(conf, gpus)).doesNotThrowAnyException();
    assertThatCode(() -> BarrierTraining.requireCluster(conf, gpus + 1))
        .hasMessageContaining(gpus + " executors");
    assertThat(
            CLUSTER.resolve("../..").resolve(conf.get("spark.worker.resource.gpu.discoveryScript")))
        .isExecutable();
  }

  /** An nvidia-smi that lists these indices. */
  private void nvidia(String indices) throws IOException {
    Path fake = folder.resolve("nvidia-smi");
    Files.writeString(fake, "#!/bin/sh\nprintf '" + indices + "'\n");
    assertThat(fake.toFile().setExecutable(true)).isTrue();
  }

  private Said run(Map<String, String> environment, String... words) throws Exception {
    String[] command = words.clone();
    command[0] = CLUSTER.resolve(words[0]).normalize().toString();
    Path err = folder.resolve("err.txt");
    var builder =
        new ProcessBuilder(command).directory(folder.toFile()).redirectError(err.toFile());
    builder.environment().clear();
    builder.environment().put("PATH", folder + ":/usr/bin:/bin");
    builder.environment().putAll(environment);
    Process process = builder.start();
    String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    return new Said(process.waitFor(), out, Files.readString(err));
  }
}
