package stillhouse.teacher;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.function.Consumer;
import stillhouse.identity.Sha256;

/**
 * Turns PyTorch weights into ONNX files by {@code tools/convert_teacher.py}, in a Python
 * environment of exactly {@code tools/requirements.txt}. The environment is made once, stays in the
 * cache's folder under the list's digest, and may be removed at any time.
 *
 * @param tools the folder of the script and its list
 * @param cacheDir where teachers' files are kept
 * @param progress is told one line a step
 */
record Conversion(Path tools, Path cacheDir, Consumer<String> progress) {
  private static final String SCRIPT = "convert_teacher.py";
  private static final String REQUIREMENTS = "requirements.txt";
  private static final long INSTALL_MINUTES = 240; // 3 GiB at 250 KiB/s
  private static final long CONVERT_MINUTES = 30; // 10 s where the machine is its own

  /**
   * @param network one of the script's
   * @param folder where the script's files go, and the programs' logs
   */
  void run(String network, Path weights, Path folder) throws IOException {
    for (String file : List.of(SCRIPT, REQUIREMENTS)) {
      if (!Files.isRegularFile(tools.resolve(file))) {
        throw new TeacherException(
            "Cannot convert "
                + weights
                + ": no file "
                + tools.resolve(file).toAbsolutePath()
                + ". Run it through bin/stillhouse, or set STILLHOUSE_HOME to Stillhouse's folder");
      }
    }
    Path python = environment(folder);
    progress.accept("Converting " + weights + " (" + network + ") with " + tools.resolve(SCRIPT));
    String script = tools.resolve(SCRIPT).toAbsolutePath().toString();
    String told =
        new ExternalCommand(
                "Cannot convert " + weights,
                List.of(
                    python.toString(),
                    "-W",
                    "ignore",
                    script,
                    network,
                    weights.toAbsolutePath().toString(),
                    folder.toAbsolutePath().toString()),
                CONVERT_MINUTES)
            .run(folder, Files.createTempFile(folder, ".convert", ".log"));
    told.lines().forEach(progress);
  }

  private Path environment(Path work) throws IOException {
    Path requirements = tools.resolve(REQUIREMENTS);
    String digest = Sha256.ofFile(requirements).hex().substring(0, 16);
    Path venv = cacheDir.toAbsolutePath().resolve("python-" + digest);
    Path whole = venv.resolve(".whole");
    try (FileChannel lock =
        FileChannel.open(
            cacheDir.resolve("python-" + digest + ".lock"),
            StandardOpenOption.CREATE,
            StandardOpenOption.WRITE)) {
      lock.lock(); // held while another process of this machine makes it
      if (!Files.exists(whole)) {
        make(venv, requirements.toAbsolutePath(), work);
        Files.createFile(whole);
      }
    }
    return venv.resolve("bin").resolve("python");
  }

  private void make(Path venv, Path requirements, Path work) throws IOException {
    progress.accept(
        "Making a Python environment of " + requirements + " in " + venv + " (once; it is large)");
    step(List.of("python3", "-m", "venv", "--clear", venv.toString()), work);
    step(
        List.of(
            venv.resolve("bin").resolve("python").toString(),
            "-m",
            "pip",
            "install",
            "--quiet",
            "--no-deps",
            "--no-cache-dir",
            "--disable-pip-version-check",
            "-r",
            requirements.toString()),
        work);
  }

  private static void step(List<String> command, Path work) throws IOException {
    new ExternalCommand("Cannot make the conversion's Python environment", command, INSTALL_MINUTES)
        .run(work, Files.createTempFile(work, ".python", ".log"));
  }
}
