package stillhouse.jobs;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;

/** The small JSON files of a run's folder. A job that is stopped leaves the old one or the new. */
final class JsonFiles {
  static final ObjectMapper JSON = new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT);

  private JsonFiles() {}

  /** Writes a file, and its folder where that is missing. */
  static void write(Path file, Object value) {
    try {
      Path folder = Files.createDirectories(file.toAbsolutePath().getParent());
      Path whole = Files.createTempFile(folder, file.getFileName().toString(), ".tmp");
      JSON.writeValue(whole.toFile(), value);
      Files.move(whole, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot write " + file + ": " + e.getMessage(), e);
    }
  }
}
