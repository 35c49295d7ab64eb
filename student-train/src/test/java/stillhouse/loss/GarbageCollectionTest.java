package stillhouse.loss;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import stillhouse.student.Fixtures;

/** What the graph needs for backward must outlive the Java objects that brought it. */
class GarbageCollectionTest {
  private static final List<String> LOSSES =
      List.of(
          "cosine: {weight: 1, centre: true}",
          "soft-bce: {weight: 1, studentTemperature: true}",
          "dice: {weight: 1, emptyTruth: penalised}",
          "dice: {weight: 1, distribution: softmax}",
          "bce: {weight: 1, positiveWeight: 3}",
          "feature-consistency: {weight: 1}",
          "denoising-score: {weight: 1}",
          "cwd: {weight: 1}",
          "cwd-embedding: {weight: 1}",
          "skd-pixel: {weight: 1, temperature: 2, distribution: sigmoid}",
          "skd-pixel: {weight: 1}",
          "skd-pair: {weight: 1}",
          "dkd: {weight: 1}",
          "dkd: {weight: 1, target: teacher}",
          "cross-entropy: {weight: 1}",
          "mgd: {weight: 1}",
          "review: {weight: 1, width: 4}");

  @Test
  void aCollectionBetweenForwardAndBackwardChangesNoGradientOfAnyLoss() {
    Map<String, float[]> undisturbed = gradients(() -> {});
    Map<String, float[]> disturbed = gradients(Fixtures::collectGarbage);
    undisturbed.forEach((name, g) -> assertThat(disturbed.get(name)).as(name).containsExactly(g));
  }

  /** Of each loss for a copy of the student's output of its own, so that a message names it. */
  private static Map<String, float[]> gradients(Runnable beforeBackward) {
    try (var bench = new Bench()) {
      Map<String, NDArray> moved = new LinkedHashMap<>();
      Map<Loss, Bench.Samples> samples = new LinkedHashMap<>();
      Assembly assembly = bench.assembly(ProjectionSettings.TeacherProjection.PCA);
      for (String yaml : LOSSES) {
        Bench.Samples own = bench.samples(5, 3);
        samples.put(Bench.settings("{" + yaml + "}").create(assembly), own);
        moved.put(yaml + ": embedding", own.output().embedding());
        moved.put(yaml + ": logits", own.output().logits());
      }
      moved.putAll(bench.weights.trainable());
      return bench.gradients(
          moved,
          () -> {
            NDArray total = bench.manager.zeros(new Shape(3));
            for (Map.Entry<Loss, Bench.Samples> each : samples.entrySet()) {
              Bench.Samples own = each.getValue();
              total = total.add(each.getKey().perSample(own.output(), own.targets()));
            }
            beforeBackward.run();
            return total;
          });
    }
  }
}
