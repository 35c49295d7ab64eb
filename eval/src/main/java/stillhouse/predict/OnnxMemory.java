package stillhouse.predict;

import ai.onnxruntime.OrtEnvironment;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.apache.spark.TaskContext;
import stillhouse.predict.OnnxBench.Setting;
import stillhouse.teacher.TeacherDevice;

/**
 * What a file takes of memory to run: the most that a process had resident while it opened the file
 * and called it, less what it had before. A process each, in which nothing else was run: where one
 * runs setting after setting, its allocator keeps what earlier ones freed (the launcher has glibc
 * give nothing back), so that each would tell only by how much it exceeds those before it.
 *
 * <p>It holds the network, the weights that the runtime packs anew, activations, and the images of
 * a batch with the answers; and some MiB of the classes that Java loads meanwhile. Of a provider on
 * a GPU it is the host's memory, not the device's.
 */
public final class OnnxMemory {
  private static final String FOUND = "stillhouse.resident_bytes=";
  private static final String REFUSED = "stillhouse.refused=";
  private static final int CALLS = 3; // the second one has all that later ones have

  private OnnxMemory() {}

  /**
   * Measures in a new process of this Java.
   *
   * @return bytes
   * @throws IllegalArgumentException where the file is no such network, the provider is not there,
   *     or the process did not live to tell
   */
  public static long measure(Path file, Setting setting) throws IOException {
    Process process = new ProcessBuilder(command(file, setting)).redirectErrorStream(true).start();
    try {
      List<String> said =
          new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8)
              .lines()
              .toList();
      int status = process.waitFor();
      for (String line : said) {
        if (line.startsWith(FOUND)) {
          return Long.parseLong(line.substring(FOUND.length()));
        }
        if (line.startsWith(REFUSED)) {
          throw new IllegalArgumentException(line.substring(REFUSED.length()));
        }
      }
      throw new IllegalArgumentException(
          "Cannot measure the memory of %s on %s, batch %d: the process that ran it ended with status %d: %s"
              .formatted(
                  file,
                  setting.provider().word(),
                  setting.batch(),
                  status,
                  String.join(" ", said.subList(Math.max(0, said.size() - 3), said.size()))));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(
          "Interrupted while the memory of " + file + " was measured", e);
    } finally {
      process.destroyForcibly();
    }
  }

  private static List<String> command(Path file, Setting setting) {
    return List.of(
        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
        "-Xmx128m", // the network is native, and so are a batch's images
        "-XX:MaxDirectMemorySize=16g",
        "-XX:+UseSerialGC",
        "-XX:TieredStopAtLevel=1",
        "-cp",
        classPath(),
        OnnxMemory.class.getName(),
        file.toAbsolutePath().toString(),
        setting.provider().name(),
        String.valueOf(setting.threads()),
        String.valueOf(setting.batch()));
  }

  /** spark-submit has the application's jar in a class loader of its own, beside the class path. */
  private static String classPath() {
    Set<String> places = new LinkedHashSet<>();
    Stream.of(OnnxMemory.class, OrtEnvironment.class, TeacherDevice.class, TaskContext.class)
        .forEach(type -> places.add(place(type)));
    places.add(System.getProperty("java.class.path"));
    return String.join(File.pathSeparator, places);
  }

  private static String place(Class<?> type) {
    try {
      return Path.of(type.getProtectionDomain().getCodeSource().getLocation().toURI()).toString();
    } catch (URISyntaxException e) {
      throw new IllegalStateException("Cannot tell where " + type + " lies", e);
    }
  }

  /** In the process of its own: file, provider, threads, batch. */
  public static void main(String[] args) throws IOException {
    var setting =
        new Setting(
            Provider.valueOf(args[1]), Integer.parseInt(args[2]), Integer.parseInt(args[3]));
    try {
      System.out.println(FOUND + grown(Path.of(args[0]), setting));
    } catch (IllegalArgumentException e) {
      System.out.println(REFUSED + e.getMessage().replaceAll("\\s+", " "));
    }
  }

  private static long grown(Path file, Setting setting) throws IOException {
    OrtEnvironment.getEnvironment(); // the runtime itself is not the file's
    long before = status("VmRSS:");
    long most = status("VmHWM:");
    OnnxBench.time(file, setting, 0, CALLS);
    long now = status("VmHWM:");
    return Math.max(0, (now > most ? now : status("VmRSS:")) - before);
  }

  /** Of this process, in bytes, as Linux counts it. */
  private static long status(String field) throws IOException {
    for (String line : Files.readAllLines(Path.of("/proc/self/status"))) {
      if (line.startsWith(field)) {
        return 1024 * Long.parseLong(line.replaceAll("[^0-9]", ""));
      }
    }
    throw new UncheckedIOException(
        new IOException("Cannot measure memory: /proc/self/status has no " + field));
  }
}
