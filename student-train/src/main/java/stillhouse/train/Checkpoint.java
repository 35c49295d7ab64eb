package stillhouse.train;

import ai.djl.ndarray.NDArray;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.DataInputStream;
import java.io.IOException;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.Map;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import stillhouse.identity.Sha256;
import stillhouse.student.Weights;

/**
 * One committed checkpoint, whose files had the digests of its marker when it was found.
 *
 * @param folder holds {@code weights.safetensors}, {@code optimizer.safetensors}, {@code
 *     average.safetensors} where the recipe asks for one, and {@code COMMITTED}
 */
public final class Checkpoint {
  static final String WEIGHTS = "weights.safetensors";
  static final String OPTIMIZER = "optimizer.safetensors";
  static final String AVERAGE = "average.safetensors";
  static final String COMMITTED = "COMMITTED";
  static final String BEST = "BEST";

  private static final ObjectMapper JSON = new ObjectMapper();

  private final FileSystem files;
  private final Path folder;
  private final Marker marker;

  Checkpoint(FileSystem files, Path folder, Marker marker) {
    this.files = files;
    this.folder = folder;
    this.marker = marker;
  }

  /**
   * What {@code COMMITTED} says.
   *
   * @param optimizerSteps that all phases' optimisers have taken, one after the other
   * @param weights {@link WeightDigest} of the network
   * @param files SHA-256 of each file by name
   * @param identity of the run that it is of; empty where it was written before markers had one
   * @param seconds as {@link Checkpoint#seconds}
   */
  record Marker(
      int epoch,
      int step,
      int attempt,
      long optimizerSteps,
      String weights,
      Map<String, String> files,
      String identity,
      double seconds) {
    Marker {
      identity = identity == null ? "" : identity;
    }

    byte[] toJson() {
      try {
        return JSON.writerWithDefaultPrettyPrinter().writeValueAsBytes(this);
      } catch (JsonProcessingException e) {
        throw new IllegalStateException("A marker is plain data", e);
      }
    }

    static Marker fromJson(byte[] json) throws IOException {
      return JSON.readValue(json, Marker.class);
    }
  }

  /** The next step to take. */
  public Position position() {
    return new Position(marker.epoch(), marker.step());
  }

  /** Steps taken since the run began. */
  public long steps() {
    return marker.optimizerSteps();
  }

  /**
   * Seconds that these steps took, whichever drivers took them: rank 0's clock while it stepped or
   * waited for data and peers. What was lost to failures is not among them. 0 where it is not
   * known, since an older version took some of the steps.
   */
  public double seconds() {
    return marker.seconds();
  }

  /** The attempt that wrote it. */
  public int attempt() {
    return marker.attempt();
  }

  /** {@link WeightDigest} of the network it holds. */
  public Sha256 weightDigest() {
    return new Sha256(marker.weights());
  }

  /** Of the run that it is of, as hexadecimal digits; empty where its marker does not say. */
  String identity() {
    return marker.identity();
  }

  public String folder() {
    return folder.toString();
  }

  /** Fills a network made by the same recipe. */
  public void restore(Weights weights) {
    read(WEIGHTS, Checkpoints.tensors(weights));
    Sha256 restored = WeightDigest.of(weights);
    if (!restored.equals(weightDigest())) {
      throw new CheckpointException(
          String.format(
              "Cannot use checkpoint %s: the restored weights have digest %s, %s says %s",
              folder, restored.brief(), COMMITTED, weightDigest().brief()));
    }
  }

  /** Fills a network with what is exported: the average of the weights where the run keeps one. */
  public void restoreForUse(Weights weights) {
    restore(weights);
    if (marker.files().containsKey(AVERAGE)) {
      read(AVERAGE, weights.trainable());
    }
  }

  void restore(WeightAverage average) {
    read(AVERAGE, average.state());
  }

  /**
   * @param before steps of the phases before the optimiser's own
   */
  void restore(AdamW optimizer, long before) {
    read(OPTIMIZER, optimizer.state());
    optimizer.setSteps(marker.optimizerSteps() - before);
  }

  /**
   * @throws CheckpointException naming the first file whose digest is not the marker's
   */
  void verify() {
    Map<String, String> actual = new LinkedHashMap<>();
    for (String name : marker.files().keySet()) {
      Path file = new Path(folder, name);
      try (var in = new DigestInputStream(files.open(file), sha256())) {
        in.transferTo(java.io.OutputStream.nullOutputStream());
        actual.put(name, HexFormat.of().formatHex(in.getMessageDigest().digest()));
      } catch (IOException e) {
        throw new CheckpointException("Cannot read checkpoint file " + file + remedy(), e);
      }
      if (!actual.get(name).equals(marker.files().get(name))) {
        throw new CheckpointException(
            String.format(
                "Cannot use checkpoint file %s: its SHA-256 is %s, %s says %s%s",
                file, actual.get(name), COMMITTED, marker.files().get(name), remedy()));
      }
    }
  }

  private void read(String name, Map<String, NDArray> into) {
    Path file = new Path(folder, name);
    try (DataInputStream in = files.open(file)) {
      Tensors.read(in, into, file.toString());
    } catch (IOException e) {
      throw new CheckpointException("Cannot read checkpoint file " + file, e);
    }
  }

  private String remedy() {
    return ". Remove the folder "
        + folder
        + " (and, of a run that has ended, its run.json) and train again: it resumes from the checkpoint before.";
  }

  static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("Every Java platform has SHA-256", e);
    }
  }
}
