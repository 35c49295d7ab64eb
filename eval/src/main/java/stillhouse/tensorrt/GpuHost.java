package stillhouse.tensorrt;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * What this machine offers to an engine build.
 *
 * @param path folders that programs are looked for in
 * @param system where its files begin: {@code /}
 */
record GpuHost(List<Path> path, Path system) {
  private static final Duration SMI = Duration.ofSeconds(20); // a driver that wakes up takes a few
  private static final String TRTEXEC_OF_PACKAGES = "usr/src/tensorrt/bin"; // NVIDIA's, and Jetsons

  /** Of which one is there where there is a CUDA device; the last two on Jetsons. */
  private static final List<String> DEVICES =
      List.of("dev/nvidia0", "dev/nvhost-gpu", "dev/nvgpu/igpu0");

  private static final Pattern DRIVERS_CUDA = Pattern.compile("CUDA Version: *([0-9.]+)");
  private static final Pattern TOOLKIT =
      Pattern.compile("\"cuda\"\\s*:\\s*\\{[^}]*\"version\"\\s*:\\s*\"([0-9.]+)\"");
  private static final Pattern TEGRA = Pattern.compile("# (R\\d+) .*?REVISION: ([0-9.]+)");

  static GpuHost here() {
    String path = System.getenv().getOrDefault("PATH", "");
    List<Path> folders =
        Arrays.stream(path.split(File.pathSeparator))
            .filter(f -> !f.isBlank())
            .map(Path::of)
            .toList();
    return new GpuHost(folders, Path.of("/"));
  }

  /**
   * A program by its name, from the PATH or where NVIDIA's packages put {@code trtexec}; one with a
   * folder is taken from there.
   */
  Optional<Path> program(Path name) {
    Stream<Path> places =
        name.getNameCount() > 1 || name.isAbsolute()
            ? Stream.of(name)
            : Stream.concat(path.stream(), Stream.of(system.resolve(TRTEXEC_OF_PACKAGES)))
                .map(folder -> folder.resolve(name));
    return places.filter(GpuHost::isProgram).findFirst();
  }

  private static boolean isProgram(Path file) {
    return Files.isRegularFile(file) && Files.isExecutable(file);
  }

  /** By a device file, or where containers hide it, by {@code nvidia-smi} listing a GPU. */
  boolean hasCudaDevice() {
    return DEVICES.stream().anyMatch(device -> Files.exists(system.resolve(device)))
        || smi("-L").filter(listed -> listed.contains("GPU 0")).isPresent();
  }

  /** The devices as the machine lists them: an engine of other devices is not for it. */
  List<String> devices() {
    return smi("--query-gpu=name,compute_cap", "--format=csv,noheader")
        .or(() -> smi("--query-gpu=name", "--format=csv,noheader"))
        .map(listed -> listed.lines().map(String::strip).filter(l -> !l.isEmpty()).toList())
        .or(() -> text("proc/device-tree/model").map(List::of))
        .orElse(List.of());
  }

  /** The first of {@link #devices}; its driver. */
  Gpu gpu(List<String> devices) {
    List<String> first = List.of(devices.stream().findFirst().orElse("").split(", *"));
    return new Gpu(first.get(0), first.size() > 1 ? first.get(1) : "", driver(), cuda());
  }

  private String driver() {
    return smi("--query-gpu=driver_version", "--format=csv,noheader")
        .flatMap(listed -> listed.lines().map(String::strip).findFirst())
        .filter(version -> version.matches("[0-9.]+"))
        .or(() -> text("etc/nv_tegra_release").flatMap(GpuHost::tegra))
        .orElse("");
  }

  private static Optional<String> tegra(String release) {
    Matcher found = TEGRA.matcher(release);
    return found.find()
        ? Optional.of("L4T " + found.group(1) + "." + found.group(2))
        : Optional.empty();
  }

  private String cuda() {
    return smi()
        .flatMap(said -> first(DRIVERS_CUDA, said))
        .or(() -> text("usr/local/cuda/version.json").flatMap(said -> first(TOOLKIT, said)))
        .orElse("");
  }

  private static Optional<String> first(Pattern pattern, String text) {
    Matcher found = pattern.matcher(text);
    return found.find() ? Optional.of(found.group(1)) : Optional.empty();
  }

  /** What {@code nvidia-smi} says; empty where there is none, or it fails. */
  private Optional<String> smi(String... arguments) {
    Optional<Path> program = program(Path.of("nvidia-smi"));
    if (program.isEmpty()) {
      return Optional.empty();
    }
    List<String> command = new ArrayList<>(List.of(program.get().toString()));
    command.addAll(List.of(arguments));
    try {
      Tool.Output output = Tool.ask(command, SMI);
      return output.exit() == 0 ? Optional.of(output.text()) : Optional.empty();
    } catch (IOException e) {
      return Optional.empty(); // a nvidia-smi that does not start sees no device
    }
  }

  /** A small file of the system, up to its first NUL, as the device tree has it. */
  private Optional<String> text(String file) {
    try {
      String text = Files.readString(system.resolve(file), StandardCharsets.UTF_8);
      return Optional.of(text.split("\0", 2)[0].strip()).filter(t -> !t.isEmpty());
    } catch (IOException e) {
      return Optional.empty(); // not such a machine
    }
  }
}
