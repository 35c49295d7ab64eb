package stillhouse.cache;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.util.Arrays;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import stillhouse.tensor.Half;

class PcaTest {
  @Test
  void agreesWithNumPy() throws IOException {
    JsonNode expected =
        new ObjectMapper().readTree(getClass().getResourceAsStream("/reference/pca.json"));
    float[][] cells = cells(96);
    Moments left = new Moments(4).observe(map(Arrays.copyOfRange(cells, 0, 32)));
    Moments right = new Moments(4).observe(map(Arrays.copyOfRange(cells, 32, 96)));

    Projection projection = Pca.projection(left.merge(right), 3);

    assertThat(projection.channels()).isEqualTo(4);
    assertThat(projection.dimensions()).isEqualTo(3);
    for (int c = 0; c < 4; c++) {
      assertThat((double) projection.mean()[c])
          .isCloseTo(expected.get("mean").get(c).asDouble(), within(1e-6));
    }
    for (int k = 0; k < 3; k++) {
      assertThat((double) projection.variances()[k])
          .isCloseTo(expected.get("variances").get(k).asDouble(), within(1e-6));
      for (int c = 0; c < 4; c++) {
        assertThat((double) projection.directions()[k][c])
            .isCloseTo(expected.get("directions").get(k).get(c).asDouble(), within(1e-6));
      }
    }
  }

  @Test
  void findsTheOneDirectionOfALine() {
    // (1, -2)·t around (3, 3): the direction is (-1, 2)/√5, its largest component positive.
    float[][] line = {{2, 5}, {3, 3}, {4, 1}};
    Projection projection = Pca.projection(new Moments(2).observe(map(line)), 2);

    assertThat(projection.mean()).containsExactly(3, 3);
    assertThat(projection.directions()[0])
        .containsExactly(
            new float[] {(float) (-1 / Math.sqrt(5)), (float) (2 / Math.sqrt(5))}, within(1e-6f));
    assertThat(projection.variances()).containsExactly(new float[] {1, 0}, within(1e-6f));
  }

  @Test
  void aConstantEmbeddingHasNoVarianceToExplain() {
    Projection projection = Pca.projection(new Moments(2).observe(map(new float[3][2])), 2);
    assertThat(projection.variances()).containsExactly(0, 0);
  }

  /** On these seeds' covariances the eigenvalue iteration of the library does not end. */
  @Test
  void findsTheFewDirectionsOfManyDependentChannels() {
    for (int seed = 1; seed <= 4; seed++) {
      Projection projection =
          Pca.projection(new Moments(128).observe(dependent(seed, 128, 1000)), 3);

      float[] shares = projection.variances();
      assertThat((double) shares[0] + shares[1] + shares[2]).isCloseTo(1, within(1e-6));
      for (int i = 0; i < 3; i++) {
        for (int j = 0; j <= i; j++) {
          double dot = 0;
          for (int c = 0; c < 128; c++) {
            dot += (double) projection.directions()[i][c] * projection.directions()[j][c];
          }
          assertThat(dot).isCloseTo(i == j ? 1 : 0, within(1e-5));
        }
      }
    }
  }

  /** fp32 [C, cells]: each channel is a sum of the same three. */
  private static float[] dependent(int seed, int channels, int cells) {
    Random random = new Random(seed);
    float[] sources = new float[3 * cells];
    for (int i = 0; i < sources.length; i++) {
      sources[i] = (float) random.nextGaussian();
    }
    float[] map = new float[channels * cells];
    for (int c = 0; c < channels; c++) {
      for (int s = 0; s < 3; s++) {
        float weight = (float) random.nextGaussian();
        for (int x = 0; x < cells; x++) {
          map[c * cells + x] += weight * sources[s * cells + x];
        }
      }
    }
    return map;
  }

  @Property(tries = 50)
  void directionsAreOrthonormalAndDescend(@ForAll @IntRange(min = 2, max = 40) int rows) {
    Projection projection = Pca.projection(new Moments(4).observe(map(cells(rows))), 4);
    for (int i = 0; i < 4; i++) {
      for (int j = 0; j < 4; j++) {
        double dot = 0;
        for (int c = 0; c < 4; c++) {
          dot += projection.directions()[i][c] * projection.directions()[j][c];
        }
        assertThat(dot).isCloseTo(i == j ? 1 : 0, within(1e-5));
      }
      assertThat(i == 0 || projection.variances()[i] <= projection.variances()[i - 1]).isTrue();
    }
  }

  /** The cells of reference/pca.py, [n][4]. */
  private static float[][] cells(int n) {
    double[][] mix = {{3, 0, 0, 0}, {1, 2, 0, 0}, {0.5, -1, 1, 0}, {0, 0.25, 0.5, 0.1}};
    double[] mean = {5, -2, 0.5, 0};
    long state = 12345;
    float[][] cells = new float[n][4];
    for (float[] cell : cells) {
      double[] z = new double[4];
      for (int i = 0; i < 4; i++) {
        state = (state * 1103515245L + 12345) % (1L << 31);
        z[i] = state * 0x1p-31 - 0.5;
      }
      for (int c = 0; c < 4; c++) {
        cell[c] =
            (float)
                (mean[c]
                    + mix[c][0] * z[0]
                    + mix[c][1] * z[1]
                    + mix[c][2] * z[2]
                    + mix[c][3] * z[3]);
      }
    }
    return cells;
  }

  /** fp16 [C, cells]. */
  private static byte[] map(float[][] cells) {
    int channels = cells[0].length;
    float[] values = new float[channels * cells.length];
    for (int x = 0; x < cells.length; x++) {
      for (int c = 0; c < channels; c++) {
        values[c * cells.length + x] = cells[x][c];
      }
    }
    return Half.encode(values);
  }
}
