package stillhouse.tensorrt;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * What this machine offers to an engine build.
 *
 * @param path folders that programs are looked for in
 * @param deviceFile exists where there is a CUDA device
 */
record GpuHost(List<Path> path, Path deviceFile) {
  private static final int SMI_TIMEOUT_SECONDS = 20; // a driver that wakes up takes a few

  static GpuHost here() {
    String path = System.getenv().getOrDefault("PATH", "");
    List<Path> folders =
        Arrays.stream(path.split(File.pathSeparator))
            .filter(f -> !f.isBlank())
            .map(Path::of)
            .toList();
    return new GpuHost(folders, Path.of("/dev/nvidia0"));
  }

  Optional<Path> program(String name) {
    return path.stream().map(f -> f.resolve(name)).filter(GpuHost::isProgram).findFirst();
  }

  private static boolean isProgram(Path file) {
    return Files.isRegularFile(file) && Files.isExecutable(file);
  }

  /** By the device file, or where containers hide it, by {@code nvidia-smi -L} listing a GPU. */
  boolean hasCudaDevice() {
    return Files.exists(deviceFile) || program("nvidia-smi").filter(GpuHost::listsGpu).isPresent();
  }

  private static boolean listsGpu(Path nvidiaSmi) {
    try {
      Process process =
          new ProcessBuilder(nvidiaSmi.toString(), "-L")
              .redirectErrorStream(true)
              .redirectOutput(ProcessBuilder.Redirect.PIPE)
              .start();
      if (!process.waitFor(SMI_TIMEOUT_SECONDS, TimeUnit.SECONDS)) {
        process.destroyForcibly();
        return false;
      }
      String listed = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      return process.exitValue() == 0 && listed.contains("GPU 0");
    } catch (IOException e) {
      return false; // a nvidia-smi that does not start sees no device
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }
}
