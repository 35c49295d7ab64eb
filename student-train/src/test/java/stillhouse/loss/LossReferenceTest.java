package stillhouse.loss;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.util.Map;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import stillhouse.student.Scalar;
import stillhouse.student.StudentOutput;

/**
 * Values and gradients on random inputs against {@code reference/losses.json} and {@code
 * baseline_losses.json}: figures of published packages where one has the loss (versions in {@code
 * made_with}), else of torch code written from the formulas. Made by {@code
 * reference/random_losses.py} and {@code baselines.py}.
 */
class LossReferenceTest {
  @TestFactory
  Stream<DynamicTest> agreesWithTheIndependentImplementation() throws IOException {
    return cases("losses.json", 34);
  }

  @TestFactory
  Stream<DynamicTest> baselinesAgreeWithPublishedPackages() throws IOException {
    return cases("baseline_losses.json", 18);
  }

  private static Stream<DynamicTest> cases(String file, int count) throws IOException {
    JsonNode cases = ReferenceCase.read(file).get("cases");
    assertThat(cases).hasSize(count);
    return StreamSupport.stream(cases.spliterator(), false)
        .map(c -> DynamicTest.dynamicTest(c.get("name").asText(), () -> check(c)));
  }

  private static void check(JsonNode c) {
    try (var bench = new Bench()) {
      ReferenceCase.check(bench, c, ReferenceCase.tensors(bench, c.get("inputs")));
    }
  }

  @Test
  void addsUpToThePublishedClass() throws IOException {
    JsonNode published = ReferenceCase.read("losses.json").get("published");
    try (var bench = new Bench()) {
      Map<String, NDArray> in = ReferenceCase.tensors(bench, published.get("inputs"));
      var cosine = new CosineAlignment(CosineAlignment.Axis.SPACE, false, EmbeddingAdapter.none(5));
      var soft = new SoftBce(2, false);
      var dice = new DiceLoss(DiceLoss.EmptyTruth.ONE, Distribution.SIGMOID);
      var student = new StudentOutput(in.get("embedding"), in.get("logits"));
      Targets targets = ReferenceCase.targets(in, null);
      double[] total = new double[1];
      Map<String, float[]> gradients =
          bench.gradients(
              Map.of("embedding", in.get("embedding"), "logits", in.get("logits")),
              () -> {
                NDArray loss =
                    Scalar.times(cosine.perSample(student, targets), 0.4)
                        .add(Scalar.times(soft.perSample(student, targets), 0.3))
                        .add(Scalar.times(dice.perSample(student, targets), 0.3))
                        .mean();
                total[0] = loss.getFloat();
                return loss;
              });
      assertThat(total[0]).isCloseTo(published.get("total").asDouble(), within(2e-6));
      ReferenceCase.checkGradients(gradients, published.get("gradients"));
    }
  }
}
