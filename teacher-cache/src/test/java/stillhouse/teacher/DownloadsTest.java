package stillhouse.teacher;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.math.BigInteger;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import stillhouse.identity.Sha256;

/** Sources that are neither packages nor local files. */
class DownloadsTest {
  private static final String DJL_CACHE = "DJL_CACHE_DIR";

  @TempDir Path folder;
  private final List<String> told = new ArrayList<>();

  @AfterEach
  void forgetRepository() {
    System.clearProperty(Downloads.REPOSITORY);
    System.clearProperty(DJL_CACHE);
  }

  @Test
  void copiesAFileOfHadoopsByItsDigest() throws IOException {
    Path store = Files.createDirectories(folder.resolve("store"));
    Path file =
        Files.copy(SmallSegmenter.resource("small-segmenter.onnx"), store.resolve("s.onnx"));
    TeacherConfig config = config("viewfs://models/nets/s.onnx", Sha256.ofFile(file));

    LocalTeacher got = TeacherFiles.fetch(config, settings(store));

    assertThat(Path.of(got.encoder())).hasSameBinaryContentAs(file).startsWith(folder);
    assertThat(told)
        .containsExactly(
            "Copying viewfs://models/nets/s.onnx",
            "Kept " + got.encoder() + " (3197 bytes, SHA-256 as pinned)");
    assertThat(TeacherFiles.fetch(config, settings(store))).isEqualTo(got);
  }

  @Test
  void refusesACopyOfAnotherDigestAndSaysWhatIsNotThere() throws IOException {
    Path store = Files.createDirectories(folder.resolve("store"));
    Files.writeString(store.resolve("s.onnx"), "another");
    Sha256 pinned = Sha256.ofFile(SmallSegmenter.resource("small-segmenter.onnx"));

    assertThatThrownBy(
            () ->
                TeacherFiles.fetch(config("viewfs://models/nets/s.onnx", pinned), settings(store)))
        .hasMessageContaining("expected " + pinned);
    assertThatThrownBy(
            () ->
                TeacherFiles.fetch(config("viewfs://models/nets/t.onnx", pinned), settings(store)))
        .isInstanceOf(TeacherException.class)
        .hasMessageContaining("Cannot copy viewfs://models/nets/t.onnx: ");
    assertThat(folder.resolve("cache")).isEmptyDirectory();
  }

  @Test
  void takesAFileOutOfAModelOfDjlsZoo() throws Exception {
    Path network = PresetTest.random("sam2-hiera-tiny-djl.pt");
    repositoryWith(network);
    String source = "djl://ai.djl.pytorch/sam2-hiera-tiny/0.0.1!sam2-hiera-tiny.pt";
    TeacherConfig config = config(source, Sha256.ofFile(network));

    LocalTeacher got = TeacherFiles.fetch(config, settings(folder));

    assertThat(Path.of(got.encoder())).hasSameBinaryContentAs(network);
    assertThat(Path.of(got.encoder()).getFileName()).hasToString("sam2-hiera-tiny.pt");
    assertThatThrownBy(() -> fetch(source.replace("!sam2-hiera-tiny", "!traced")))
        .hasMessageContaining("Cannot find traced.pt in model sam2-hiera-tiny of DJL's zoo");
    assertThatThrownBy(() -> fetch(source.replace("0.0.1", "0.0.2")))
        .hasMessageContaining("Cannot find version 0.0.2 of model sam2-hiera-tiny in DJL's zoo at");
    assertThatThrownBy(() -> fetch(source.replace("tiny/", "small/")))
        .hasMessageContaining(
            "Cannot find model sam2-hiera-small in DJL's zoo ai.djl.pytorch: it has [")
        .hasMessageContaining("sam2-hiera-large, sam2-hiera-tiny");
    assertThatThrownBy(() -> fetch(source.replace("djl.pytorch", "djl.none")))
        .hasMessageEndingWith("in DJL's zoo ai.djl.none: no such zoo");
  }

  private void fetch(String source) throws IOException {
    TeacherFiles.fetch(config(source, Sha256.of(new byte[0])), settings(folder));
  }

  /** A repository of DJL's layout in a folder, and DJL's own cache beside it. */
  private void repositoryWith(Path network) throws IOException, NoSuchAlgorithmException {
    Path model = folder.resolve("repo/model/cv/mask_generation/ai/djl/pytorch/sam2-hiera-tiny");
    Path zip = Files.createDirectories(model.resolve("0.0.1")).resolve("sam2-hiera-tiny.zip");
    try (var out = new ZipOutputStream(Files.newOutputStream(zip))) {
      out.putNextEntry(new ZipEntry("sam2-hiera-tiny.pt"));
      Files.copy(network, out);
    }
    byte[] sha1 = MessageDigest.getInstance("SHA-1").digest(Files.readAllBytes(zip));
    Files.writeString(
        model.resolve("metadata.json"),
        """
        {"metadataVersion": "0.2", "resourceType": "model", "application": "cv/mask_generation",
         "groupId": "ai.djl.pytorch", "artifactId": "sam2-hiera-tiny", "name": "sam2-hiera-tiny",
         "artifacts": [{"version": "0.0.1", "snapshot": false, "name": "sam2-hiera-tiny",
           "files": {"model": {"uri": "0.0.1/sam2-hiera-tiny.zip", "name": "", "type": "dir",
             "size": %d, "sha1Hash": "%040x"}}}]}
        """
            .formatted(Files.size(zip), new BigInteger(1, sha1)));
    System.setProperty(Downloads.REPOSITORY, folder.resolve("repo").toUri().toString());
    System.setProperty(DJL_CACHE, folder.resolve("djl").toString());
  }

  private TeacherConfig config(String source, Sha256 digest) throws IOException {
    String yaml =
        SmallSegmenter.yaml("onnxruntime", "small-segmenter.onnx", "features", "classes")
            .replaceAll(
                "encoder: .*", "encoder: {source: \"%s\", sha256: %s}".formatted(source, digest));
    return TeacherConfig.load(SmallSegmenter.write(folder, yaml));
  }

  /** Hadoop's viewfs stands for any of its file systems: the scheme is not the local one. */
  private FetchSettings settings(Path store) {
    Configuration hadoop = new Configuration(false);
    hadoop.setBoolean("fs.viewfs.impl.disable.cache", true); // each test has its own store
    hadoop.set("fs.viewfs.mounttable.models.link./nets", store.toUri().toString());
    return new FetchSettings(folder.resolve("cache"), folder, hadoop, told::add);
  }
}
