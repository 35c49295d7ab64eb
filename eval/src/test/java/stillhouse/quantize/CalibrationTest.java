package stillhouse.quantize;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.FloatBuffer;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CalibrationTest {
  @ParameterizedTest
  @ValueSource(strings = {"normal", "heavy tail", "outlier", "uniform"})
  void rangesAreThoseOfNumPyAndOnnxRuntime(String name) throws Exception {
    JsonNode expected;
    try (var file = CalibrationTest.class.getResourceAsStream("/reference/calibration.json")) {
      expected = new ObjectMapper().readTree(file).get("cases").get(name);
    }
    Magnitudes values = magnitudes(drawn(name));
    float peak = (float) expected.get("peak").asDouble();
    float bin = Math.scalb(1f, Math.getExponent(peak) + 1 - 11);
    assertThat(values.peak()).isCloseTo(peak, within(1e-5f * peak));
    assertThat(values.percentile(0.9999))
        .isCloseTo((float) expected.get("percentile").asDouble(), within(1.01f * bin));
    assertThat(values.entropy())
        .isCloseTo((float) expected.get("information").asDouble(), within(bin / 100));
    assertThat(values.entropy() / expected.get("entropy").asDouble()).isBetween(0.5, 2.0);
  }

  /** 3 of 10 values beyond 2, 1 of 10 beyond 3: edges of bins of a width of 4 / 2048. */
  @Test
  void aPercentileIsTheUpperEdgeOfItsBinAsWorkedByHand() {
    Magnitudes values = magnitudes(new float[] {0, 0, 0, 1, -1, 1, 1, 2.5f, -2.5f, 3.5f});
    assertThat(values.percentile(0.7)).isEqualTo(1 + 4f / 2048);
    assertThat(values.percentile(0.9)).isEqualTo(2.5f + 4f / 2048);
    assertThat(values.percentile(0.91)).isEqualTo(3.5f);
    assertThat(Calibration.MIN_MAX.range(values)).isEqualTo(new ValueRange(-2.5f, 3.5f));
  }

  @Property(tries = 30)
  void partsAddUpToTheWholeInAnyOrder(@ForAll long seed) {
    Random random = new Random(seed);
    float[][] parts = new float[4][500];
    for (float[] part : parts) {
      float scale = (float) Math.pow(10, random.nextInt(5) - 2.0);
      for (int i = 0; i < part.length; i++) {
        part[i] = random.nextInt(4) == 0 ? 0 : scale * (float) random.nextGaussian();
      }
    }
    Magnitudes inOrder = new Magnitudes();
    for (float[] part : parts) {
      inOrder.add(FloatBuffer.wrap(part));
    }
    Magnitudes backwards = magnitudes(parts[3]);
    backwards.merge(magnitudes(parts[2]));
    Magnitudes front = magnitudes(parts[1]);
    front.merge(magnitudes(parts[0]));
    backwards.merge(front);
    for (double share : new double[] {0.1, 0.5, 0.9, 0.999, 1}) {
      assertThat(backwards.percentile(share)).isEqualTo(inOrder.percentile(share));
    }
    assertThat(backwards.entropy()).isEqualTo(inOrder.entropy());
    assertThat(backwards.min()).isEqualTo(inOrder.min());
    assertThat(backwards.max()).isEqualTo(inOrder.max());
  }

  @Test
  void whatIsNowhereButZeroHasNoRange() {
    Magnitudes zeros = magnitudes(new float[100]);
    for (Calibration calibration : Calibration.values()) {
      assertThat(calibration.range(zeros).peak()).isZero();
    }
  }

  @Test
  void valuesThatAreNotFiniteAreNotCounted() {
    Magnitudes values = new Magnitudes();
    assertThat(values.add(FloatBuffer.wrap(new float[] {1, Float.NaN}))).isFalse();
    assertThat(values.add(FloatBuffer.wrap(new float[] {1, Float.NEGATIVE_INFINITY}))).isFalse();
    assertThat(values.peak()).isZero();
  }

  private static Magnitudes magnitudes(float[] values) {
    Magnitudes magnitudes = new Magnitudes();
    assertThat(magnitudes.add(FloatBuffer.wrap(values))).isTrue();
    return magnitudes;
  }

  /** As calibration.py draws them. */
  private static float[] drawn(String name) {
    float[] x = new float[200_000];
    for (int k = 0; k < x.length; k++) {
      double u = (k + 1) * 0.6180339887498949 % 1.0;
      double v = (k + 1) * 0.7548776662466927 % 1.0;
      double normal = Math.sqrt(-2 * Math.log(u)) * Math.cos(2 * Math.PI * v);
      x[k] =
          (float)
              switch (name) {
                case "heavy tail" -> normal * normal * normal;
                case "uniform" -> 2 * u - 1;
                default -> normal;
              };
    }
    if (name.equals("outlier")) {
      x[777] = 60;
    }
    return x;
  }
}
