package stillhouse.cache;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StagingTest {
  @TempDir Path parent;

  /** Object stores say "now" of every folder. */
  @Test
  void whatAStoppedRunLeftIsAsOldAsItsWorkWhateverTheFolderSays() throws IOException {
    FileSystem files = FileSystem.getLocal(new Configuration());
    folder("stopped", 0, note(8));
    folder("at-work", 30, note(6));
    age(Files.writeString(folder("old", 0, "").resolve("part.parquet"), "rows"), 8);
    age(Files.writeString(folder("older-writer", 30, "").resolve("part.parquet"), "rows"), 6);
    age(folder("empty", 30, ""), 30);

    assertThat(Staging.abandoned(files, new org.apache.hadoop.fs.Path(parent.toString())))
        .extracting(org.apache.hadoop.fs.Path::getName)
        .containsExactlyInAnyOrder("stopped", "old", "empty");
  }

  @Test
  void aRunNotesWhenItBegan() throws IOException {
    FileSystem files = FileSystem.getLocal(new Configuration());
    var folder = new org.apache.hadoop.fs.Path(parent.toString(), "run");
    FolderAge.start(files, folder);
    FileStatus status = files.getFileStatus(folder);
    assertThat(FolderAge.since(files, status))
        .isCloseTo(System.currentTimeMillis(), within(60_000L));
    try (Stream<Path> all = Files.list(parent.resolve("run"))) {
      assertThat(all.map(file -> file.getFileName().toString()))
          .as("names that readers of Parquet pass over")
          .allMatch(name -> name.startsWith("_") || name.startsWith("."));
    }
  }

  private static String note(int days) {
    return Long.toString(Instant.now().minus(Duration.ofDays(days)).toEpochMilli());
  }

  private Path folder(String name, int days, String note) throws IOException {
    Path folder = Files.createDirectories(parent.resolve(name));
    if (!note.isEmpty()) {
      Files.writeString(folder.resolve("_started"), note);
    }
    age(folder, days);
    return folder;
  }

  private static void age(Path path, int days) throws IOException {
    Files.setLastModifiedTime(path, FileTime.from(Instant.now().minus(Duration.ofDays(days))));
  }
}
