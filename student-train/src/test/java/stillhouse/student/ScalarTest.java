package stillhouse.student;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.GradientCollector;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;

class ScalarTest {
  @Test
  void valuesAndGradientsAreThoseOfTheNumber() {
    assertThat(gradient(x -> Scalar.times(x, 2.5), 1, 3)).containsExactly(2.5f, 2.5f);
    assertThat(gradient(x -> Scalar.over(x, 4), 1, 3)).containsExactly(0.25f, 0.25f);
    assertThat(gradient(x -> Scalar.atLeast(x, 2), 1, 3)).containsExactly(0, 1);
    assertThat(gradient(x -> Scalar.atMost(x, 2), 1, 3)).containsExactly(1, 0);
    try (NDManager manager = Fixtures.manager()) {
      NDArray x = manager.create(new float[] {1, 3});
      assertThat(Scalar.times(x, 2.5).toFloatArray()).containsExactly(2.5f, 7.5f);
      assertThat(Scalar.over(x, 4).toFloatArray()).containsExactly(0.25f, 0.75f);
      assertThat(Scalar.atLeast(x, 2).toFloatArray()).containsExactly(2, 3);
      assertThat(Scalar.atMost(x, 2).toFloatArray()).containsExactly(1, 2);
    }
  }

  @Test
  void hardSwishKeepsItsDivisorThroughACollection() {
    // x (x + 3) / 6, whose slope is (2x + 3) / 6
    assertThat(gradient(x -> Nonlinearity.HARD_SWISH.forward(x, true), 0, 1.5f))
        .containsExactly(0.5f, 1);
  }

  /** Of the sum, with a garbage collection between forward and backward. */
  private static float[] gradient(UnaryOperator<NDArray> of, float... at) {
    try (NDManager manager = Fixtures.manager()) {
      NDArray x = manager.create(at, new Shape(at.length));
      x.setRequiresGradient(true);
      try (GradientCollector gradients = manager.getEngine().newGradientCollector()) {
        NDArray y = of.apply(x).sum();
        Fixtures.collectGarbage();
        gradients.backward(y);
      }
      try (NDArray gradient = x.getGradient()) {
        return gradient.toFloatArray();
      }
    }
  }
}
