package stillhouse.loss;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import stillhouse.student.StudentOutput;

class DenoisingHeadTest {
  private final Bench bench = new Bench();

  @AfterEach
  void close() {
    bench.close();
  }

  @Test
  void gradientsAreFiniteDifferences() {
    Loss loss = bench.loss("{denoising-score: {weight: 1, kernel: 3, hidden: 4}}");
    var samples = bench.samples(5, 2);
    Map<String, NDArray> parameters = new LinkedHashMap<>(bench.weights.trainable());
    var gradients =
        bench.gradients(parameters, () -> loss.perSample(samples.output(), samples.targets()));
    parameters.forEach(
        (name, p) -> {
          float[] values = p.toFloatArray();
          for (int i = 0; i < values.length; i += 1 + values.length / 7) {
            double slope = slope(p, values, i, loss, samples);
            assertThat((double) gradients.get(name)[i])
                .as("%s[%d]", name, i)
                .isCloseTo(slope, within(2e-3 * Math.max(1, Math.abs(slope))));
          }
        });
  }

  @Test
  void gradientDescentBeatsTheAnswerZero() {
    // ε given F̃ and the teacher behind it can be told apart; 0 everywhere costs 1.
    Loss loss = bench.loss("{denoising-score: {weight: 1, hidden: 16}}");
    var samples = bench.samples(9, 4);
    float before = mean(samples.of(loss));
    for (int step = 0; step < 60; step++) {
      var gradients =
          bench.gradients(
              bench.weights.trainable(), () -> loss.perSample(samples.output(), samples.targets()));
      gradients.forEach(
          (name, g) -> {
            NDArray p = bench.weights.get(name);
            float[] moved = p.toFloatArray();
            for (int i = 0; i < moved.length; i++) {
              moved[i] -= 0.05f * g[i];
            }
            p.set(moved);
          });
    }
    assertThat(mean(samples.of(loss))).isLessThan(Math.min(before, 0.9f));
  }

  @Test
  void noGradientReachesTheTeacher() {
    Loss loss =
        bench.loss("{denoising-score: {weight: 1}}", ProjectionSettings.TeacherProjection.LEARNED);
    var samples = bench.samples(5, 2);
    NDArray teacher = samples.targets().teacherEmbedding();
    NDArray embedding = samples.output().embedding();
    var gradients =
        bench.gradients(
            Map.of("teacher", teacher, "student", embedding),
            () ->
                loss.perSample(
                        new StudentOutput(embedding, samples.output().logits()), samples.targets())
                    .add(teacher.sum().mul(0)));
    assertThat(gradients.get("teacher")).containsOnly(0);
    assertThat(gradients.get("student")).doesNotContain(Float.NaN).isNotEqualTo(new float[160]);
  }

  private static double slope(NDArray p, float[] values, int i, Loss loss, Bench.Samples samples) {
    float step = 1e-2f; // large, as float32 sums leave 1e-6 of noise; the loss is nearly quadratic
    float[] moved = values.clone();
    moved[i] = values[i] + step;
    p.set(moved);
    double above = sum(samples.of(loss));
    moved[i] = values[i] - step;
    p.set(moved);
    double below = sum(samples.of(loss));
    p.set(values);
    return (above - below) / (2 * step);
  }

  private static double sum(float[] values) {
    double total = 0;
    for (float v : values) {
      total += v;
    }
    return total;
  }

  private static float mean(float[] values) {
    return (float) (sum(values) / values.length);
  }
}
