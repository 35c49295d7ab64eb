package stillhouse.scene;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Pattern;
import stillhouse.data.ImageCodec;
import stillhouse.scene.Scenes.Surface;

/**
 * Writes drawn scenes as a data set's folders: {@code images/NNNNN.png}, {@code masks/NNNNN.png}.
 */
public final class SceneWriter {
  private static final int MAX_COUNT = 100_000;
  private static final Pattern NAME = Pattern.compile("(\\d{5})\\.png(\\.part)?");

  private SceneWriter() {}

  /**
   * Afterwards the two folders hold these scenes and nothing else. A file that is already as it
   * should be is left alone, its time included, so that a second ingest knows it; one that is not
   * is never overwritten.
   *
   * @param size pixels a side
   * @param surface what the scenes show
   * @throws IllegalArgumentException where a folder holds another file
   */
  public static void write(Path dir, int count, long seed, int size, Surface surface) {
    if (count < 1 || count > MAX_COUNT) {
      throw new IllegalArgumentException(
          "Invalid count of scenes: " + count + " (must be 1…" + MAX_COUNT + ")");
    }
    try {
      Path images = open(dir.resolve("images"), count);
      Path masks = open(dir.resolve("masks"), count);
      for (int i = 0; i < count; i++) {
        Scene scene = Scenes.draw(seed, i, size, surface);
        String name = String.format(Locale.ROOT, "%05d.png", i);
        put(images.resolve(name), ImageCodec.encodePng(scene.image()));
        put(masks.resolve(name), ImageCodec.encodePng(scene.mask()));
      }
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot write scenes to " + dir + ": " + e.getMessage(), e);
    }
  }

  private static Path open(Path folder, int count) throws IOException {
    for (Path at = folder.toAbsolutePath(); at != null; at = at.getParent()) {
      if (Files.exists(at) && !Files.isDirectory(at)) {
        throw new IllegalArgumentException(
            "Cannot write scenes to " + folder + ": " + at + " is a file; give a folder");
      }
    }
    Files.createDirectories(folder);
    try (var files = Files.list(folder)) {
      Optional<Path> stranger = files.filter(f -> !isOurs(f, count)).sorted().findFirst();
      if (stranger.isPresent()) {
        throw new IllegalArgumentException(
            "Cannot write "
                + count
                + " scenes to "
                + folder
                + ": "
                + stranger.get().getFileName()
                + " is none of them; give an empty folder");
      }
    }
    return folder;
  }

  private static boolean isOurs(Path file, int count) {
    var name = NAME.matcher(file.getFileName().toString());
    return name.matches() && Integer.parseInt(name.group(1)) < count;
  }

  private static void put(Path file, byte[] bytes) throws IOException {
    if (Files.exists(file)) {
      if (!Arrays.equals(Files.readAllBytes(file), bytes)) {
        throw new IllegalArgumentException(
            "Cannot write scenes over "
                + file
                + ": it is another picture, or a scene of another seed, size or surface; give an empty folder");
      }
      return;
    }
    Path part = file.resolveSibling(file.getFileName() + ".part");
    Files.write(part, bytes);
    Files.move(part, file, StandardCopyOption.ATOMIC_MOVE); // a scene is there whole or not at all
  }
}
