package stillhouse.train;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.UUID;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import stillhouse.cache.PublishedFolder;
import stillhouse.identity.Fingerprint;
import stillhouse.identity.Sha256;
import stillhouse.train.EpochGate.Decision;

/**
 * The looks at one run, a small file each in {@code validation/} beside its checkpoints, on any
 * Hadoop file system: what is best and how much patience is left follow from them, for whichever
 * driver reads them. A look is written under another name first and then takes its own; it stands
 * whole or not at all, and as the first one that wrote it said.
 */
public final class ValidationLog {
  private static final String FOLDER = "validation";
  private static final String SUFFIX = ".json";
  private static final ObjectMapper JSON = new ObjectMapper();

  private final Path folder;
  private final FileSystem files;
  private final PublishedFolder published;
  private final Checkpoints checkpoints;
  private final ValidationSettings settings;

  /**
   * @param directory of the run's checkpoints
   */
  public ValidationLog(String directory, ValidationSettings settings, Configuration hadoop) {
    this.folder = new Path(directory, FOLDER);
    this.checkpoints = new Checkpoints(directory, 1, hadoop);
    this.published = new PublishedFolder(folder, hadoop);
    this.settings = settings;
    try {
      this.files = folder.getFileSystem(hadoop);
    } catch (IOException e) {
      throw new CheckpointException("Cannot reach the file system of " + folder, e);
    }
  }

  /**
   * The look at these very weights, where there was one; one that ended the run stands whatever it
   * is of.
   */
  public Optional<ValidationLook> at(Checkpoint checkpoint, String of) {
    return looks().stream()
        .filter(look -> look.epoch() == checkpoint.position().epoch())
        .filter(look -> look.weights().equals(checkpoint.weightDigest().hex()))
        .filter(look -> look.of().equals(of) || look.decision() == Decision.STOP)
        .findFirst();
  }

  /** Looks that can be compared with those of {@code of}. */
  public ValidationHistory history(String of) {
    return new ValidationHistory(looks().stream().filter(l -> l.of().equals(of)).toList());
  }

  /**
   * Notes a look with what follows from it. Where it is the best, its checkpoint is kept from now
   * on and the best before it is not.
   *
   * @param look whose decision is not made yet
   * @param checkpoint that was looked at, the run's newest
   * @param attempt of the driver that looked
   * @return as it stands, which is as it was noted before where it was
   * @throws SupersededException where another driver has begun since: nothing is changed then
   */
  public ValidationLook note(ValidationLook look, Checkpoint checkpoint, Attempt attempt) {
    attempt.require("note the look at epoch " + look.epoch());
    List<ValidationLook> all = new ArrayList<>(history(look.of()).looks());
    all.add(look);
    ValidationHistory history = new ValidationHistory(all);
    boolean stop = history.exhausted(settings.limit());
    ValidationLook noted = look.with(stop ? Decision.STOP : Decision.CONTINUE);
    if (history.best().orElseThrow().equals(look)) {
      checkpoints.keepBest(checkpoint, attempt); // first: a look that is noted has its checkpoint
    }
    return publish(noted);
  }

  /** HDFS renames over no file, a local disk does: whoever was first is asked in any case. */
  private ValidationLook publish(ValidationLook look) {
    String of = Fingerprint.of("validation").add("of", look.of()).digest().brief();
    String weights = new Sha256(look.weights()).brief();
    String name = String.format(Locale.ROOT, "epoch-%06d-%s-%s", look.epoch(), weights, of);
    String draft = name + "." + UUID.randomUUID() + ".part";
    published.write(draft, look);
    if (published.publish(draft, name + SUFFIX)) {
      return look;
    }
    published.delete(draft);
    return read(published.file(name + SUFFIX));
  }

  private List<ValidationLook> looks() {
    List<ValidationLook> looks = new ArrayList<>();
    try {
      for (FileStatus file : files.listStatus(folder)) {
        if (file.getPath().getName().endsWith(SUFFIX)) {
          looks.add(read(file.getPath()));
        }
      }
      return looks;
    } catch (FileNotFoundException e) {
      return List.of();
    } catch (IOException e) {
      throw new CheckpointException("Cannot list " + folder, e);
    }
  }

  private ValidationLook read(Path file) {
    try (var in = files.open(file)) {
      return JSON.readValue(in.readAllBytes(), ValidationLook.class);
    } catch (JsonProcessingException e) {
      throw new CheckpointException(
          "Cannot read "
              + file
              + ": "
              + e.getMessage()
              + ". Remove it: its epoch is looked at again",
          e);
    } catch (IOException e) {
      throw new CheckpointException("Cannot read the look " + file, e);
    }
  }
}
