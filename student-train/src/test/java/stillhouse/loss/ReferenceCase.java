package stillhouse.loss;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import stillhouse.cache.Projection;
import stillhouse.student.StudentOutput;

/**
 * A case of {@code reference/losses.json} or {@code picture_losses.json}: the loss that it sets up,
 * and what that must say. The figures are float64 and by other programs ({@code
 * reference/losses.py} says which); the losses are float32.
 */
final class ReferenceCase {
  private static final ObjectMapper JSON = new ObjectMapper();

  /** Of 1 + the value: a few roundings of a float. */
  private static final double VALUE_TOLERANCE = 2e-6;

  /** Of a gradient's largest element, and of its norm. */
  private static final double GRADIENT_TOLERANCE = 1e-5;

  /** Under this a gradient is zero but for rounding. */
  private static final double NO_GRADIENT = 1e-7;

  private ReferenceCase() {}

  static JsonNode read(String name) throws IOException {
    try (InputStream in = ReferenceCase.class.getResourceAsStream("/reference/" + name)) {
      return JSON.readTree(in);
    }
  }

  /** Holds the loss of a case on these inputs against its figures. */
  static void check(Bench bench, JsonNode c, Map<String, NDArray> in) {
    Loss loss =
        Bench.settings("{" + c.get("loss") + ": " + withWeight(c) + "}")
            .create(assembly(bench, c, in));
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
    moved.putAll(in);
    moved.keySet().retainAll(names(c.get("gradients")));

    var student = new StudentOutput(in.get("embedding"), in.get("logits"), levels(in));
    Targets targets = targets(in, c.get("noise"));
    checkValues(
        loss.perSample(student, targets).toFloatArray(),
        c.get("perSample"),
        VALUE_TOLERANCE * c.path("roundings").asDouble(1));
    checkGradients(
        bench.gradients(moved, () -> loss.perSample(student, targets)), c.get("gradients"));
  }

  private static void checkValues(float[] actual, JsonNode expected, double tolerance) {
    assertThat(actual).hasSize(expected.size());
    for (int b = 0; b < actual.length; b++) {
      double value = expected.get(b).asDouble();
      assertThat((double) actual[b])
          .as("sample %d", b)
          .isCloseTo(value, within(tolerance * (1 + value)));
    }
  }

  /** Each element that the figures keep, and the norm of all where they keep one. */
  static void checkGradients(Map<String, float[]> actual, JsonNode expected) {
    assertThat(actual).containsOnlyKeys(names(expected));
    actual.forEach((name, values) -> checkGradient(name, values, expected.get(name)));
  }

  private static void checkGradient(String name, float[] actual, JsonNode expected) {
    float[] kept = floats(expected.get("data"));
    int every = expected.path("every").asInt(1);
    assertThat(kept).as(name).hasSize((actual.length + every - 1) / every);
    double largest = 0;
    for (float v : kept) {
      largest = Math.max(largest, Math.abs(v));
    }
    double tolerance = largest < NO_GRADIENT ? NO_GRADIENT : GRADIENT_TOLERANCE * largest;
    double squares = 0;
    for (int i = 0; i < actual.length; i++) {
      squares += (double) actual[i] * actual[i];
      if (i % every == 0) {
        assertThat((double) actual[i])
            .as("%s at %d", name, i)
            .isCloseTo(kept[i / every], within(tolerance));
      }
    }
    if (expected.has("norm")) {
      double norm = expected.get("norm").asDouble();
      assertThat(Math.sqrt(squares))
          .as("norm of %s", name)
          .isCloseTo(norm, within(GRADIENT_TOLERANCE * norm));
    }
  }

  private static Assembly assembly(Bench bench, JsonNode c, Map<String, NDArray> in) {
    JsonNode p = c.get("projection");
    float[][] directions = new float[p.get("directions").size()][];
    for (int d = 0; d < directions.length; d++) {
      directions[d] = floats(p.get("directions").get(d));
    }
    float[] mean = floats(p.get("mean"));
    var context =
        new ObjectiveContext(
            bench.weights,
            (int) in.get("embedding").getShape().get(1),
            levels(in).stream().map(map -> (int) map.getShape().get(1)).toList(),
            mean.length,
            c.get("grid").asInt(),
            new Projection(mean, directions, new float[directions.length]));
    return new Assembly(
        context, JSON.convertValue(c.get("projectionSettings"), ProjectionSettings.class));
  }

  /** The maps of the student's encoder, where the case has any. */
  private static List<NDArray> levels(Map<String, NDArray> in) {
    List<NDArray> levels = new ArrayList<>();
    while (in.containsKey("level" + levels.size())) {
      levels.add(in.get("level" + levels.size()));
    }
    return levels;
  }

  private static String withWeight(JsonNode c) {
    return ((ObjectNode) c.get("settings").deepCopy()).put("weight", 1.0).toString();
  }

  /** The inputs' targets; what a loss does not read may be absent. */
  static Targets targets(Map<String, NDArray> in, JsonNode noise) {
    return new Targets(
        in.get("truth"),
        in.get("valid"),
        in.get("teacherLogits"),
        in.get("teacherEmbedding"),
        in.get("structure"),
        noise == null ? null : new Given(floats(noise.get("data"))));
  }

  /** The figures' own draws, whatever they are asked for. */
  private record Given(float[] values) implements Noise {
    @Override
    public float[] gaussian(String purpose, int perSample) {
      return values;
    }

    @Override
    public float[] uniform(String purpose, int perSample) {
      return values.clone();
    }
  }

  static Map<String, NDArray> tensors(Bench bench, JsonNode nodes) {
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

  private static Set<String> names(JsonNode node) {
    var names = new LinkedHashSet<String>();
    node.fieldNames().forEachRemaining(names::add);
    return names;
  }

  private static float[] floats(JsonNode values) {
    return JSON.convertValue(values, float[].class);
  }
}
