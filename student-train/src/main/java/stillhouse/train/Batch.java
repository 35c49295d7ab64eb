package stillhouse.train;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import java.util.Arrays;
import java.util.List;
import stillhouse.loss.Targets;

/**
 * One rank's share of one step. A slot whose stream has ended is absent; a share may be empty only
 * as {@link #sampleIds()} without elements, with no tensors behind it.
 *
 * @param image RGB in 0…1, [b, 3, H, W]
 * @param weight the samples' weights, [b]
 * @param labelled whether a sample's ground truth may be used, [b]
 */
public record Batch(
    NDArray image, Targets targets, float[] weight, boolean[] labelled, List<String> sampleIds) {
  public int size() {
    return sampleIds.size();
  }

  /**
   * Samples {@code from} to {@code to − 1} alone.
   *
   * @param owner of the tensors, which share the whole ones' memory, and of what is made of them
   */
  Batch part(NDManager owner, int from, int to) {
    NDArray images = image.get(new NDIndex("{}:{}", from, to));
    images.attach(owner);
    return new Batch(
        images,
        targets.part(owner, from, to),
        Arrays.copyOfRange(weight, from, to),
        Arrays.copyOfRange(labelled, from, to),
        sampleIds.subList(from, to));
  }
}
