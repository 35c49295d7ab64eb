package stillhouse.train;

import ai.djl.ndarray.NDManager;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.SplittableRandom;

/**
 * Halts the JVM of one rank at one step of each epoch, both drawn, once: a file of its name is left
 * in a folder, so that the attempt after it goes on.
 *
 * @param folder of those files
 * @param epochs in which a rank halts: the first so many
 */
record HaltingBatches(SyntheticBatches batches, String folder, int epochs, long seed)
    implements BatchSource {
  @Override
  public Batch next(NDManager manager, int epoch, int step) {
    var random = new SplittableRandom(seed + epoch);
    boolean here =
        random.nextInt(batches.ranks()) == batches.rank()
            && random.nextInt(stepsPerEpoch()) == step;
    if (here && epoch < epochs && mark("epoch-" + epoch)) {
      Runtime.getRuntime().halt(1);
    }
    return batches.next(manager, epoch, step);
  }

  private boolean mark(String name) {
    try {
      Files.createFile(Path.of(folder, name));
      return true;
    } catch (FileAlreadyExistsException e) {
      return false;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public int stepsPerEpoch() {
    return batches.stepsPerEpoch();
  }

  @Override
  public double waitedSeconds() {
    return batches.waitedSeconds();
  }

  @Override
  public void close() {
    batches.close();
  }
}
