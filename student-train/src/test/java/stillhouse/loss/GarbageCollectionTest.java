package stillhouse.loss;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDArray;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import stillhouse.student.Fixtures;

/** What the graph needs for backward must outlive the Java objects that brought it. */
class GarbageCollectionTest {
  @ParameterizedTest
  @ValueSource(
      strings = {
        "cosine: {weight: 1}",
        "cosine: {weight: 1, centre: true}",
        "soft-bce: {weight: 1, studentTemperature: true}",
        "dice: {weight: 1, emptyTruth: penalised}",
        "bce: {weight: 1, positiveWeight: 3}",
        "feature-consistency: {weight: 1}",
        "denoising-score: {weight: 1}",
        "cwd: {weight: 1}",
        "cwd-embedding: {weight: 1}",
        "skd-pixel: {weight: 1, temperature: 2, distribution: sigmoid}",
        "skd-pair: {weight: 1}",
        "dkd: {weight: 1}",
        "dkd: {weight: 1, target: teacher}",
        "cross-entropy: {weight: 1}",
        "mgd: {weight: 1}"
      })
  void aCollectionBetweenForwardAndBackwardChangesNoGradient(String yaml) {
    Map<String, float[]> undisturbed = gradients(yaml, () -> {});
    Map<String, float[]> disturbed = gradients(yaml, Fixtures::collectGarbage);
    undisturbed.forEach((name, g) -> assertThat(disturbed.get(name)).as(name).containsExactly(g));
  }

  private static Map<String, float[]> gradients(String yaml, Runnable beforeBackward) {
    try (var bench = new Bench()) {
      Loss loss = bench.loss("{" + yaml + "}");
      Bench.Samples samples = bench.samples(5, 3);
      Map<String, NDArray> moved = new LinkedHashMap<>(bench.weights.trainable());
      moved.put("embedding", samples.output().embedding());
      moved.put("logits", samples.output().logits());
      return bench.gradients(
          moved,
          () -> {
            NDArray value = loss.perSample(samples.output(), samples.targets());
            beforeBackward.run();
            return value;
          });
    }
  }
}
