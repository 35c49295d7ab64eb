package stillhouse.tracking;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.mlflow.api.proto.Service.Metric;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A run's curves in a file of its own until MLflow has them, whatever becomes of server and driver:
 * a value a line, {@code timestamp step value name}. Thread-safe.
 */
public final class CurveSpool {
  public static final String FILE = "mlflow-curves.txt";
  private static final Logger log = LoggerFactory.getLogger(CurveSpool.class);
  private static final Pattern LINE = Pattern.compile("(\\d+) (\\d+) (\\S+) (.+)");
  private final Path file;
  private boolean torn; // the last append may have left half a line

  /**
   * Opens a run's file, which a driver that was killed may have left with half a line at its end:
   * that is cut off.
   *
   * @param folder of the run
   */
  public CurveSpool(Path folder) {
    this(folder.resolve(FILE), true);
  }

  private CurveSpool(Path file, boolean mended) {
    this.file = file;
    if (mended && !isEmpty()) {
      cutAfterLastLine();
    }
  }

  /** For one who looks at a run that another may train: the file stays as it is. */
  static CurveSpool beside(Path folder) {
    return new CurveSpool(folder.resolve(FILE), false);
  }

  private void cutAfterLastLine() {
    try (var bytes = new RandomAccessFile(file.toFile(), "rw")) {
      long end = bytes.length();
      while (end > 0) {
        bytes.seek(end - 1);
        if (bytes.read() == '\n') {
          break;
        }
        end--;
      }
      bytes.setLength(end);
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot mend the end of " + file, e);
    }
  }

  public synchronized boolean isEmpty() {
    return !Files.exists(file);
  }

  /** Bytes that wait. */
  public synchronized long size() {
    try {
      return isEmpty() ? 0 : Files.size(file);
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot look at " + file, e);
    }
  }

  public synchronized void add(Map<String, Double> values, long step, long timestamp) {
    StringBuilder lines = new StringBuilder(torn ? "\n" : "");
    values.forEach(
        (name, value) -> {
          lines.append(timestamp).append(' ').append(step).append(' ');
          lines.append(value.doubleValue()).append(' ').append(name).append('\n');
        });
    try {
      Files.createDirectories(file.getParent());
      torn = true;
      Files.writeString(file, lines, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
      torn = false;
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot keep curves in " + file, e);
    }
  }

  /**
   * Hands all values on, so many at a time, in the order of their coming. Lines that are none, such
   * as a full disk leaves, are warned of.
   */
  synchronized void read(int most, Consumer<List<Metric>> to) {
    if (isEmpty()) {
      return;
    }
    try (BufferedReader lines = Files.newBufferedReader(file, StandardCharsets.UTF_8)) {
      List<Metric> batch = new ArrayList<>();
      long broken = 0;
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        Optional<Metric> metric = metric(line);
        metric.ifPresent(batch::add);
        broken += metric.isEmpty() && !line.isEmpty() ? 1 : 0;
        if (batch.size() == most) {
          to.accept(batch);
          batch.clear();
        }
      }
      if (!batch.isEmpty()) {
        to.accept(batch);
      }
      if (broken > 0) {
        log.warn("{} lines of {} hold no whole value and were left out", broken, file);
      }
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot read curves from " + file, e);
    }
  }

  private static Optional<Metric> metric(String line) {
    Matcher parts = LINE.matcher(line);
    if (!parts.matches()) {
      return Optional.empty();
    }
    try {
      return Optional.of(
          Metric.newBuilder()
              .setTimestamp(Long.parseLong(parts.group(1)))
              .setStep(Long.parseLong(parts.group(2)))
              .setValue(Double.parseDouble(parts.group(3)))
              .setKey(parts.group(4))
              .build());
    } catch (NumberFormatException e) { // two halves of lines
      return Optional.empty();
    }
  }

  /** Forgets all values: MLflow has them. */
  public synchronized void clear() {
    try {
      Files.deleteIfExists(file);
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot remove " + file, e);
    }
  }
}
