package stillhouse.jobs;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import stillhouse.conf.ConfigException;

/** Small JSON files of the driver. A job that is stopped leaves the old one or the new. */
final class JsonFiles {
  static final ObjectMapper JSON = new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT);

  private JsonFiles() {}

  /** What is made of a file's text. */
  @FunctionalInterface
  interface Reading<T> {
    /**
     * @throws IOException where it is no JSON, or not of that shape
     */
    T of(File file) throws IOException;
  }

  /**
   * Reads a file that a job wrote.
   *
   * @param remedy a sentence, for a file that is damaged
   * @throws ConfigException where it can't be read
   */
  static <T> T read(Path file, String remedy, Reading<T> reading) {
    try {
      return reading.of(file.toFile());
    } catch (IOException e) {
      throw new ConfigException(
          "Cannot read %s: %s. %s".formatted(file, e.getMessage(), remedy), e);
    }
  }

  /** Writes a file, and its folder where that is missing. */
  static void write(Path file, Object value) {
    try {
      Files.createDirectories(file.toAbsolutePath().getParent());
      if (Files.exists(file) && !Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)) {
        JSON.writeValue(file.toFile(), value); // /dev/stdout, or what a link leads to
        return;
      }
      Path part = file.resolveSibling(file.getFileName() + ".part");
      try {
        JSON.writeValue(part.toFile(), value);
        Files.move(part, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
      } finally {
        Files.deleteIfExists(part);
      }
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot write " + file + ": " + e.getMessage(), e);
    }
  }
}
