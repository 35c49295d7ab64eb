package stillhouse.train;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.util.Locale;
import java.util.stream.Stream;
import org.apache.hadoop.fs.FileAlreadyExistsException;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/**
 * The attempts at one run, an empty file each in {@code attempts/} beside its checkpoints. Each is
 * announced before it looks at the run or trains; from then on an older one may write nothing.
 */
final class Attempts {
  private static final String FOLDER = "attempts";

  private final Path folder;
  private final FileSystem files;

  Attempts(Path run, FileSystem files) {
    this.folder = new Path(run, FOLDER);
    this.files = files;
  }

  /**
   * A driver's first, after all that came before.
   *
   * @throws SupersededException where another driver announces one at the same moment
   */
  Attempt begin() {
    return announce(newest() + 1);
  }

  /**
   * A driver's next, after its own last one.
   *
   * @throws SupersededException where another driver has begun since
   */
  Attempt after(Attempt own) {
    own.require("go on");
    return announce(own.number() + 1);
  }

  private Attempt announce(int number) {
    Path mark = new Path(folder, String.format(Locale.ROOT, "%06d", number));
    try {
      files.create(mark, false).close();
      return new Attempt(number, this);
    } catch (FileAlreadyExistsException e) {
      throw new SupersededException(
          "begin attempt %d at %s: it has begun meanwhile".formatted(number, this));
    } catch (IOException e) {
      throw new CheckpointException("Cannot announce attempt " + number + " by " + mark, e);
    }
  }

  /** The number of the one that was announced last; 0 where there was none. */
  int newest() {
    try {
      return Stream.of(files.listStatus(folder))
          .mapToInt(s -> Integer.parseInt(s.getPath().getName()))
          .max()
          .orElse(0);
    } catch (FileNotFoundException e) {
      return 0;
    } catch (IOException e) {
      throw new CheckpointException("Cannot list " + folder, e);
    }
  }

  @Override
  public String toString() {
    return folder.getParent().toString();
  }
}
