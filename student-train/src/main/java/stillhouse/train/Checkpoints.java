package stillhouse.train;

import ai.djl.ndarray.NDArray;
import com.fasterxml.jackson.core.JsonProcessingException;
import java.io.BufferedOutputStream;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.security.DigestOutputStream;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import stillhouse.identity.Sha256;
import stillhouse.student.Weights;

/**
 * The checkpoints of one run, on any Hadoop file system. A checkpoint is a folder of its own: files
 * first, then a {@code COMMITTED} marker with their digests, since a rename is not atomic on object
 * stores. The one that validation found best has a {@code BEST} marker beside it and stays. An
 * attempt announces itself before it trains; from then on an older attempt, whose executors may
 * still be alive, is refused.
 */
public final class Checkpoints {
  /** What two runs of different identities differ in. */
  public static final String DIFFER =
      "recipe, student, data, its cache settings, labels, verdicts, seed or plan differ";

  private static final Logger LOG = LoggerFactory.getLogger(Checkpoints.class);

  private final Path directory;
  private final FileSystem files;
  private final int keep;
  private final Attempts attempts;

  /**
   * @param directory any Hadoop path
   * @param keep how many committed checkpoints stay, the best one apart
   */
  public Checkpoints(String directory, int keep, Configuration hadoop) {
    if (keep < 1) {
      throw new IllegalArgumentException(
          "Invalid number of checkpoints to keep: " + keep + " (must be >= 1)");
    }
    this.directory = new Path(directory);
    this.keep = keep;
    try {
      this.files = this.directory.getFileSystem(hadoop);
    } catch (IOException e) {
      throw new CheckpointException("Cannot reach the file system of " + directory, e);
    }
    this.attempts = new Attempts(this.directory, files);
  }

  /** All tensors of a network, trainable ones first. */
  static Map<String, NDArray> tensors(Weights weights) {
    Map<String, NDArray> all = new LinkedHashMap<>(weights.trainable());
    all.putAll(weights.buffers());
    return all;
  }

  Attempts attempts() {
    return attempts;
  }

  /**
   * The committed checkpoint that is furthest.
   *
   * @throws CheckpointException where a file of it has another digest than its marker says
   */
  public Optional<Checkpoint> latest() {
    return verified(committed().stream());
  }

  /**
   * The checkpoint that validation found best; empty where there was none.
   *
   * @throws CheckpointException where a file of it has another digest than its marker says
   */
  public Optional<Checkpoint> best() {
    return verified(committed().stream().filter(this::isBest));
  }

  /**
   * The checkpoint of these weights.
   *
   * @throws CheckpointException where a file of it has another digest than its marker says
   */
  public Optional<Checkpoint> holding(Sha256 weights) {
    return verified(committed().stream().filter(c -> c.weightDigest().equals(weights)));
  }

  private static Optional<Checkpoint> verified(Stream<Checkpoint> found) {
    Optional<Checkpoint> last = found.reduce((a, b) -> b);
    last.ifPresent(Checkpoint::verify);
    return last;
  }

  /** Whether nothing is there that a run could go on from. */
  public boolean isEmpty() {
    return committed().isEmpty();
  }

  /**
   * Marks a run's best checkpoint, which stays until another one is.
   *
   * @throws SupersededException where another driver has begun since
   * @throws CheckpointException where it is gone
   */
  void keepBest(Checkpoint best, Attempt attempt) {
    attempt.require("mark checkpoint " + best.folder() + " as the best");
    try {
      if (committed().stream().noneMatch(c -> c.folder().equals(best.folder()))) {
        throw new CheckpointException(
            "Cannot mark checkpoint %s as the best: it is gone. Run the same command again: it goes on from the checkpoint that is there."
                .formatted(best.folder()));
      }
      files.create(new Path(best.folder(), Checkpoint.BEST), true).close();
      for (Checkpoint other : committed()) {
        if (!other.folder().equals(best.folder())) {
          files.delete(new Path(other.folder(), Checkpoint.BEST), false);
        }
      }
    } catch (IOException e) {
      throw new CheckpointException("Cannot mark the best checkpoint, " + best.folder(), e);
    }
  }

  private boolean isBest(Checkpoint checkpoint) {
    try {
      return files.exists(new Path(checkpoint.folder(), Checkpoint.BEST));
    } catch (IOException e) { // it may well be: what can't be looked at is not taken for none
      throw new CheckpointException("Cannot look at checkpoint " + checkpoint.folder(), e);
    }
  }

  /**
   * What a run goes on from: {@link #latest()}, which must be its own.
   *
   * @throws CheckpointException where it is another run's, too
   */
  Optional<Checkpoint> latest(Sha256 identity) {
    requireIdentity(identity);
    return latest();
  }

  /**
   * Refuses a folder with checkpoints of another run than the one of this identity. Looks at
   * markers alone and writes nothing.
   *
   * @throws CheckpointException naming both identities and what to do
   */
  public void requireIdentity(Sha256 identity) {
    for (Checkpoint found : committed()) {
      if (!found.identity().equals(identity.hex())) {
        throw new CheckpointException(
            String.format(
                "Cannot resume from checkpoint %s: %s, this run's identity is %s. %s",
                found.folder(),
                found.identity().isEmpty()
                    ? "it names no identity of its run (it was written before checkpoints did)"
                    : "it is of a run of identity " + found.identity() + " (" + DIFFER + ")",
                identity,
                remedy()));
      }
    }
  }

  /** What to do about checkpoints that are not this run's. */
  String remedy() {
    return "Give this run another --name, or remove the folder "
        + directory
        + " to train it from the start.";
  }

  /**
   * What a run goes on from.
   *
   * @param files tensors by the file's name
   * @param steps taken since the run began
   * @param seconds that they took; 0 where that is not known
   */
  record State(Map<String, Map<String, NDArray>> files, long steps, double seconds) {
    /**
     * @param before steps of the phases before the optimiser's own
     */
    static State of(Weights weights, AdamW optimizer, long before) {
      Map<String, Map<String, NDArray>> files = new LinkedHashMap<>();
      files.put(Checkpoint.WEIGHTS, tensors(weights));
      files.put(Checkpoint.OPTIMIZER, optimizer.state());
      return new State(files, before + optimizer.steps(), 0);
    }

    State with(WeightAverage average) {
      Map<String, Map<String, NDArray>> more = new LinkedHashMap<>(files);
      more.put(Checkpoint.AVERAGE, average.state());
      return new State(more, steps, seconds);
    }

    State took(double inSeconds) {
      return new State(files, steps, inSeconds);
    }
  }

  /**
   * Writes and commits, then drops all but the newest and the best.
   *
   * @param weightDigest of the weights, which all ranks agreed on
   * @param identity of the run
   */
  void write(State state, Position position, int attempt, Sha256 weightDigest, Sha256 identity) {
    Path folder = new Path(directory, name(position, attempt));
    refuseOlder(attempt, folder);
    try {
      Map<String, String> digests = new LinkedHashMap<>();
      for (Map.Entry<String, Map<String, NDArray>> file : state.files().entrySet()) {
        digests.put(file.getKey(), write(new Path(folder, file.getKey()), file.getValue()));
      }
      var marker =
          new Checkpoint.Marker(
              position.epoch(),
              position.step(),
              attempt,
              state.steps(),
              weightDigest.hex(),
              digests,
              identity.hex(),
              state.seconds());
      refuseOlder(attempt, folder);
      try (var out = files.create(new Path(folder, Checkpoint.COMMITTED), true)) {
        out.write(marker.toJson());
      }
      dropOld(attempt);
    } catch (IOException e) {
      throw new CheckpointException("Cannot write checkpoint " + folder, e);
    }
    LOG.info("Checkpoint {}: weights {}", folder, weightDigest.brief());
  }

  private String write(Path file, Map<String, NDArray> tensors) throws IOException {
    var digest = Checkpoint.sha256();
    try (var out =
        new BufferedOutputStream(
            new DigestOutputStream(files.create(file, true), digest), 1 << 20)) {
      Tensors.write(out, tensors);
    }
    return HexFormat.of().formatHex(digest.digest());
  }

  private void refuseOlder(int attempt, Path folder) {
    int newest = attempts.newest();
    if (newest > attempt) {
      throw new CheckpointException(
          String.format(
              "Cannot write checkpoint %s: attempt %d is over, attempt %d has begun",
              folder, attempt, newest));
    }
  }

  /** From the first position to the last. */
  private List<Checkpoint> committed() {
    List<Checkpoint> found = new ArrayList<>();
    for (FileStatus folder : list(directory)) {
      marker(folder.getPath())
          .ifPresent(marker -> found.add(new Checkpoint(files, folder.getPath(), marker)));
    }
    found.sort(Comparator.comparing(Checkpoint::position).thenComparingInt(Checkpoint::attempt));
    return found;
  }

  private Optional<Checkpoint.Marker> marker(Path folder) {
    Path file = new Path(folder, Checkpoint.COMMITTED);
    try (var in = files.open(file)) {
      return Optional.of(Checkpoint.Marker.fromJson(in.readAllBytes()));
    } catch (FileNotFoundException e) {
      return Optional.empty();
    } catch (JsonProcessingException e) {
      LOG.warn("Ignoring checkpoint {}: its marker is not whole: {}", folder, e.getMessage());
      return Optional.empty();
    } catch (IOException e) { // it may well be whole: what can't be looked at is not taken for none
      throw new CheckpointException("Cannot read the marker of checkpoint " + folder, e);
    }
  }

  /**
   * Drops committed checkpoints beyond the newest but for the best, and what an older attempt left
   * unfinished.
   */
  private void dropOld(int attempt) throws IOException {
    List<Checkpoint> committed = committed();
    for (Checkpoint old : committed.subList(0, Math.max(0, committed.size() - keep))) {
      if (!isBest(old)) {
        files.delete(new Path(old.folder()), true);
      }
    }
    for (FileStatus folder : list(directory)) {
      String name = folder.getPath().getName();
      boolean older =
          name.startsWith("epoch-")
              && Integer.parseInt(name.substring(name.lastIndexOf('-') + 1)) < attempt;
      if (older && !files.exists(new Path(folder.getPath(), Checkpoint.COMMITTED))) {
        files.delete(folder.getPath(), true);
      }
    }
  }

  private List<FileStatus> list(Path folder) {
    try {
      return List.of(files.listStatus(folder));
    } catch (FileNotFoundException e) {
      return List.of();
    } catch (IOException e) {
      throw new CheckpointException("Cannot list " + folder, e);
    }
  }

  private static String name(Position position, int attempt) {
    return "epoch-"
        + number(position.epoch())
        + "-step-"
        + number(position.step())
        + "-attempt-"
        + number(attempt);
  }

  private static String number(int n) {
    return String.format(Locale.ROOT, "%06d", n);
  }
}
