package stillhouse.cache;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.spark.sql.SparkSession;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The pins of a workspace: a small file each in {@code cache/pins}, renewed by its job while that
 * runs. {@code gc} and VACUUM honour them. A job that is killed leaves its pin; whether that still
 * holds is for {@code gc} to say, who knows the runs that can be resumed.
 */
public final class Pins {
  private static final Logger log = LoggerFactory.getLogger(Pins.class);
  private static final Duration HEARTBEAT = Duration.ofMinutes(5);
  private static final int READS = 5; // a file that is being renewed may be empty for a moment
  private static final long PAUSE_MS = 50;
  private static final ObjectMapper JSON = new ObjectMapper();

  private final Path folder;
  private final Configuration hadoop;
  private final Duration heartbeat;

  private Pins(String root, Configuration hadoop, Duration heartbeat) {
    this.folder = new Path(root + "/cache/pins");
    this.hadoop = hadoop;
    this.heartbeat = heartbeat;
  }

  public static Pins of(SparkSession spark, String root) {
    return of(spark, root, HEARTBEAT);
  }

  static Pins of(SparkSession spark, String root, Duration heartbeat) {
    return new Pins(root, spark.sessionState().newHadoopConf(), heartbeat);
  }

  /** The versions that tables are at now, by name: what a job that starts now reads, or newer. */
  public static Map<String, Long> versions(SparkSession spark, String root) {
    CacheTables tables = CacheTables.of(root);
    Map<String, Long> versions = new LinkedHashMap<>();
    versions.put("samples", CacheTables.version(spark, root + "/tables/samples"));
    for (CacheTable table : CacheTable.values()) {
      versions.put(table.label(), CacheTables.version(spark, table.path(tables)));
    }
    versions.values().removeIf(version -> version < 0);
    return versions;
  }

  /** A pin that is renewed until it is closed, which removes it, or left behind. */
  public final class Held implements AutoCloseable {
    private final CountDownLatch left = new CountDownLatch(1);
    private final Thread beating;
    private final Pin pin;

    private Held(Pin pin) {
      this.pin = pin;
      this.beating = new Thread(this::beat, "pin " + pin.owner());
      beating.setDaemon(true);
      beating.start();
    }

    private void beat() {
      try {
        while (!left.await(heartbeat.toMillis(), TimeUnit.MILLISECONDS)) {
          renew();
        }
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt(); // nobody does; it would end as if it were left
      }
    }

    private void renew() {
      try {
        write(pin.renewed(Instant.now()));
      } catch (UncheckedIOException e) {
        log.warn("Cannot renew the pin of {} {}: {}", pin.kind(), pin.owner(), e.getMessage());
      }
    }

    /**
     * Stops renewing it and leaves it: its job may be resumed. What is being written is written
     * whole: an interrupt in the middle of it could be taken for the file system's, and lost.
     */
    public void leave() {
      left.countDown();
      try {
        beating.join();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }

    @Override
    public void close() {
      leave();
      release(pin);
    }
  }

  /**
   * Writes a pin, over one of the same kind and owner, and keeps it fresh.
   *
   * @param view as {@link Pin#view}
   */
  public Held hold(String kind, String owner, String view, Map<String, Long> versions) {
    long now = System.currentTimeMillis();
    Pin pin = new Pin(owner, kind, view, versions, now, now);
    write(pin);
    return new Held(pin);
  }

  /** All there are, whoever is alive. One that can't be read holds everything since it was made. */
  public List<Pin> all() {
    List<Pin> pins = new ArrayList<>();
    try {
      for (FileStatus file : fileSystem().listStatus(folder)) {
        if (file.getPath().getName().endsWith(".json")) {
          read(file).ifPresent(pins::add);
        }
      }
    } catch (FileNotFoundException e) {
      return List.of();
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot list pins in " + folder, e);
    }
    return pins;
  }

  /** Removes a pin: its run is trained, or given up. */
  public void release(Pin pin) {
    try {
      fileSystem().delete(file(pin), false);
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot remove pin " + file(pin), e);
    }
  }

  private Optional<Pin> read(FileStatus file) {
    for (int again = 1; ; again++) {
      try (InputStream in = fileSystem().open(file.getPath())) {
        return Optional.of(JSON.readValue(in, Pin.class));
      } catch (FileNotFoundException e) {
        return Optional.empty(); // released meanwhile
      } catch (IOException e) {
        if (again == READS) {
          log.warn("Cannot read pin {}: {}. It holds every view.", file.getPath(), e.toString());
          long made = file.getModificationTime();
          String name = file.getPath().getName();
          return Optional.of(new Pin(name, "unknown", Pin.EVERY_VIEW, Map.of(), made, made));
        }
        LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(PAUSE_MS));
      }
    }
  }

  private void write(Pin pin) {
    try (OutputStream out = fileSystem().create(file(pin), true)) {
      out.write(JSON.writeValueAsBytes(pin));
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot write pin " + file(pin), e);
    }
  }

  private Path file(Pin pin) {
    String owner = URLEncoder.encode(pin.owner(), StandardCharsets.UTF_8);
    return new Path(folder, pin.kind() + "-" + owner + ".json");
  }

  private FileSystem fileSystem() throws IOException {
    return folder.getFileSystem(hadoop);
  }
}
