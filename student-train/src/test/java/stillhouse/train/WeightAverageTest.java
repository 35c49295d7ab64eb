package stillhouse.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.nio.file.Path;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import stillhouse.identity.Sha256;
import stillhouse.student.Weights;

class WeightAverageTest {
  private final NDManager manager = NDManager.newBaseManager("PyTorch");

  @TempDir Path folder;

  @AfterEach
  void close() {
    manager.close();
  }

  /** d is 2/11 at the first step, 3/12 at the second, and 0.5 from the eighth on. */
  @Test
  void averagesByHand() {
    Weights weights = new Weights(manager, 1);
    NDArray w = weights.constant("w", 1, 2);
    var average = new WeightAverage(manager, weights, 0.5);
    assertThat(value(average)).isEqualTo(1);
    Tensors.fill(w, new float[] {3, 3});
    average.update(1);
    assertThat(value(average)).isCloseTo(1 * 2 / 11f + 3 * 9 / 11f, within(1e-6f));
    Tensors.fill(w, new float[] {5, 5});
    average.update(2);
    assertThat(value(average)).isCloseTo(29 / 11f * 0.25f + 5 * 0.75f, within(1e-6f));
    float before = value(average);
    Tensors.fill(w, new float[] {0, 0});
    average.update(1_000);
    assertThat(value(average)).isCloseTo(before / 2, within(1e-6f));
  }

  @Test
  void ofWeightsThatStandStillIsThatOfTheWeights() {
    Weights weights = new Weights(manager, 1);
    new TinyStudent(weights);
    var average = new WeightAverage(manager, weights, 0.999);
    for (int step = 1; step <= 20; step++) {
      average.update(step);
    }
    average
        .state()
        .forEach(
            (name, a) -> assertThat(a.toFloatArray()).isEqualTo(weights.get(name).toFloatArray()));
  }

  @Test
  void aCheckpointHoldsItForExportBesideTheWeightsThatTrainingGoesOnWith() {
    Weights weights = new Weights(manager, 1);
    NDArray w = weights.constant("w", 1, 2);
    NDArray buffer = weights.buffer("mean", 7, 1);
    var optimizer = new AdamW(manager, weights, 0);
    var average = new WeightAverage(manager, weights, 0.5);
    Tensors.fill(w, new float[] {3, 5});
    average.update(100);
    var checkpoints = new Checkpoints(folder.toString(), 1, new Configuration());
    checkpoints.write(
        Checkpoints.State.of(weights, optimizer, 0).with(average),
        new Position(1, 0),
        checkpoints.attempts().begin().number(),
        WeightDigest.of(weights),
        Sha256.of(new byte[] {1}));
    Tensors.fill(w, new float[] {0, 0});
    Tensors.fill(buffer, new float[] {0});
    average.update(100);
    Checkpoint saved = checkpoints.latest().orElseThrow();
    saved.restoreForUse(weights);
    assertThat(w.toFloatArray()).containsExactly(2, 3);
    assertThat(buffer.toFloatArray()).as("as it was").containsExactly(7);
    saved.restore(weights);
    saved.restore(optimizer, 0);
    saved.restore(average);
    assertThat(w.toFloatArray()).containsExactly(3, 5);
    assertThat(average.state().get("w").toFloatArray()).containsExactly(2, 3);
  }

  private static float value(WeightAverage average) {
    return average.state().get("w").toFloatArray()[0];
  }
}
