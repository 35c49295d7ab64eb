package stillhouse.spark;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.OutputStream;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.EnumSet;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.ChecksumException;
import org.apache.hadoop.fs.CreateFlag;
import org.apache.hadoop.fs.FileContext;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Options;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.permission.FsPermission;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Against Hadoop's own file system, on the same disk. */
class LocalFilesTest {
  private static final URI LOCAL = URI.create("file:///");
  @TempDir java.nio.file.Path folder;

  private static Configuration settings() {
    Configuration conf = new Configuration();
    LocalFiles.settings()
        .forEach((key, value) -> conf.set(key.substring("spark.hadoop.".length()), value));
    return conf;
  }

  @Test
  void filesAndFoldersHaveThePermissionsThatHadoopGivesThem() throws IOException {
    try (var ours = FileSystem.newInstance(LOCAL, settings());
        var hadoops = FileSystem.newInstance(LOCAL, new Configuration())) {
      assertThat(ours).isInstanceOf(LocalFiles.class);
      assertThat(made(ours, "ours")).isEqualTo(made(hadoops, "hadoop's"));
      for (String mode : new String[] {"400", "640", "1777"}) {
        Path file = at("ours/deep/file");
        ours.setPermission(file, new FsPermission(mode));
        assertThat(hadoops.getFileStatus(file).getPermission().toString())
            .isEqualTo(new FsPermission(mode).toString());
      }
    }
  }

  /** What a file and its folder may be used for. */
  private String made(FileSystem files, String name) throws IOException {
    try (OutputStream out = files.create(at(name + "/deep/file"))) {
      out.write(1);
    }
    var file = folder.resolve(name).resolve("deep/file");
    return PosixFilePermissions.toString(Files.getPosixFilePermissions(file))
        + PosixFilePermissions.toString(Files.getPosixFilePermissions(file.getParent()));
  }

  @Test
  void aChangedByteIsFoundByItsSum() throws IOException {
    try (var files = FileSystem.newInstance(LOCAL, settings())) {
      made(files, "summed");
      Files.write(folder.resolve("summed/deep/file"), new byte[] {2});
      try (var in = files.open(at("summed/deep/file"))) {
        assertThatThrownBy(in::read).isInstanceOf(ChecksumException.class);
      }
    }
  }

  /** As Delta commits: a file is there under its name whole or not at all, and once. */
  @Test
  void aRenameOntoAFileIsRefusedAndAnAbsentFileIsSaidToBe() throws IOException {
    FileContext context = FileContext.getFileContext(LOCAL, settings());
    write(context, "first");
    write(context, "second");
    context.rename(at("first"), at("commit"), Options.Rename.NONE);
    assertThatThrownBy(() -> context.rename(at("second"), at("commit"), Options.Rename.NONE))
        .isInstanceOf(org.apache.hadoop.fs.FileAlreadyExistsException.class);
    assertThat(folder.resolve("commit")).hasContent("first");
    assertThat(folder.resolve(".commit.crc")).exists();
    assertThatThrownBy(() -> context.getFileLinkStatus(at("first")))
        .isInstanceOf(java.io.FileNotFoundException.class);
  }

  @Test
  void aLinkIsKnownForOne() throws IOException {
    FileContext context = FileContext.getFileContext(LOCAL, settings());
    write(context, "file");
    Files.createSymbolicLink(folder.resolve("link"), folder.resolve("file"));
    Path link = new Path(folder.resolve("link").toString());
    try (var ours = FileSystem.newInstance(LOCAL, settings());
        var hadoops = FileSystem.newInstance(LOCAL, new Configuration())) {
      assertThat(ours.getFileLinkStatus(link)).isEqualTo(hadoops.getFileLinkStatus(link));
      assertThat(ours.getFileLinkStatus(link).isSymlink())
          .isEqualTo(hadoops.getFileLinkStatus(link).isSymlink());
    }
  }

  private void write(FileContext context, String name) throws IOException {
    try (OutputStream out = context.create(at(name), EnumSet.of(CreateFlag.CREATE))) {
      out.write(name.getBytes(java.nio.charset.StandardCharsets.UTF_8));
    }
  }

  private Path at(String name) {
    return new Path(folder.resolve(name).toUri());
  }
}
