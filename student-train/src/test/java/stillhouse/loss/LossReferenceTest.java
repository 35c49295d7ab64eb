package stillhouse.loss;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import stillhouse.cache.Projection;
import stillhouse.student.StudentOutput;

/**
 * Values and gradients against {@code reference/losses.json}: float64 figures of an independent
 * implementation (torch 2.7.1), made by {@code reference/losses.py}.
 */
class LossReferenceTest {
  private static final ObjectMapper JSON = new ObjectMapper();

  @TestFactory
  Stream<DynamicTest> agreesWithTheIndependentImplementation() throws IOException {
    return StreamSupport.stream(reference().get("cases").spliterator(), false)
        .map(c -> DynamicTest.dynamicTest(c.get("name").asText(), () -> check(c)));
  }

  @Test
  void addsUpToThePublishedClass() throws IOException {
    JsonNode published = reference().get("published");
    try (var bench = new Bench()) {
      Map<String, NDArray> in = tensors(bench, published.get("inputs"));
      var cosine = new CosineAlignment(CosineAlignment.Axis.SPACE, false, 5, null);
      var soft = new SoftBce(2, false);
      var dice = new DiceLoss(DiceLoss.EmptyTruth.ONE);
      var student = new StudentOutput(in.get("embedding"), in.get("logits"));
      Targets targets = targets(in, null);
      double[] total = new double[1];
      Map<String, float[]> gradients =
          bench.gradients(
              Map.of("embedding", in.get("embedding"), "logits", in.get("logits")),
              () -> {
                NDArray loss =
                    cosine
                        .perSample(student, targets)
                        .mul(0.4)
                        .add(soft.perSample(student, targets).mul(0.3))
                        .add(dice.perSample(student, targets).mul(0.3))
                        .mean();
                total[0] = loss.getFloat();
                return loss;
              });
      assertThat(total[0]).isCloseTo(published.get("total").asDouble(), within(1e-5));
      checkGradients(gradients, published.get("gradients"));
    }
  }

  private static void check(JsonNode c) {
    try (var bench = new Bench()) {
      Map<String, NDArray> in = tensors(bench, c.get("inputs"));
      Loss loss =
          Bench.settings("{" + c.get("loss") + ": " + withWeight(c) + "}")
              .create(assembly(bench, c));
      Map<String, NDArray> moved = new LinkedHashMap<>();
      c.get("learned")
          .fields()
          .forEachRemaining(
              e -> {
                NDArray weight = bench.weights.get(e.getKey());
                weight.set(floats(e.getValue().get("data")));
                moved.put(e.getKey(), weight);
              });
      assertThat(bench.weights.trainable()).containsOnlyKeys(moved.keySet());
      moved.put("embedding", in.get("embedding"));
      moved.put("logits", in.get("logits"));
      moved.keySet().retainAll(names(c.get("gradients")));

      var student = new StudentOutput(in.get("embedding"), in.get("logits"));
      Targets targets = targets(in, c.get("draws"));
      assertThat(loss.perSample(student, targets).toFloatArray())
          .containsExactly(floats(c.get("perSample")), within(1e-5f));
      checkGradients(
          bench.gradients(moved, () -> loss.perSample(student, targets)), c.get("gradients"));
    }
  }

  /** Within 1e-4 of the largest element, or 1e-7 where the gradient is zero but for rounding. */
  private static void checkGradients(Map<String, float[]> actual, JsonNode expected) {
    assertThat(actual).containsOnlyKeys(names(expected));
    actual.forEach(
        (name, values) -> {
          float[] reference = floats(expected.get(name).get("data"));
          float largest = 0;
          for (float v : reference) {
            largest = Math.max(largest, Math.abs(v));
          }
          assertThat(values).as(name).containsExactly(reference, within(1e-4f * largest + 1e-7f));
        });
  }

  private static Assembly assembly(Bench bench, JsonNode c) {
    JsonNode p = c.get("projection");
    float[][] directions = new float[p.get("directions").size()][];
    for (int d = 0; d < directions.length; d++) {
      directions[d] = floats(p.get("directions").get(d));
    }
    float[] mean = floats(p.get("mean"));
    JsonNode s = c.get("projectionSettings");
    var context =
        new ObjectiveContext(
            bench.weights,
            c.get("inputs").get("embedding").get("shape").get(1).asInt(),
            mean.length,
            c.get("grid").asInt(),
            new Projection(mean, directions, new float[directions.length]));
    return new Assembly(context, JSON.convertValue(s, ProjectionSettings.class));
  }

  private static String withWeight(JsonNode c) {
    return ((com.fasterxml.jackson.databind.node.ObjectNode) c.get("settings").deepCopy())
        .put("weight", 1.0)
        .toString();
  }

  private static Targets targets(Map<String, NDArray> in, JsonNode draws) {
    return new Targets(
        in.get("truth"),
        in.get("valid"),
        in.get("teacherLogits"),
        in.get("teacherEmbedding"),
        in.get("structure"),
        draws == null ? null : JSON.convertValue(draws, Draws.class));
  }

  private static Map<String, NDArray> tensors(Bench bench, JsonNode nodes) {
    Map<String, NDArray> tensors = new LinkedHashMap<>();
    nodes
        .fields()
        .forEachRemaining(
            e ->
                tensors.put(
                    e.getKey(),
                    bench.manager.create(
                        floats(e.getValue().get("data")),
                        new Shape(JSON.convertValue(e.getValue().get("shape"), long[].class)))));
    return tensors;
  }

  private static java.util.Set<String> names(JsonNode node) {
    var names = new java.util.LinkedHashSet<String>();
    node.fieldNames().forEachRemaining(names::add);
    return names;
  }

  private static float[] floats(JsonNode values) {
    return JSON.convertValue(values, float[].class);
  }

  private static JsonNode reference() throws IOException {
    try (InputStream in = LossReferenceTest.class.getResourceAsStream("/reference/losses.json")) {
      return JSON.readTree(in);
    }
  }
}
