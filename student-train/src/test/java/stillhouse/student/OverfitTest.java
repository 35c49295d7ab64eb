package stillhouse.student;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;
import ai.djl.training.GradientCollector;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class OverfitTest {
  private static final int SIDE = 64;

  @ParameterizedTest
  @CsvSource({
    "tiny-conv, 1.0",
    "tiny-conv-nonorm, 0.3",
    "tinyvit, 0.3",
    "repvit, 0.3",
    "resnet, 0.3",
    "swin, 0.3"
  })
  void learnsFourImagesByHeart(String name, double rate) {
    try (NDManager manager = Fixtures.manager();
        Weights weights = new Weights(manager, 3)) {
      Student student = Students.create(Fixtures.network(name), 1, SIDE, SIDE, weights);
      float first = step(student, weights, manager, rate);
      float last = first;
      for (int i = 0; i < 40; i++) {
        last = step(student, weights, manager, rate);
      }
      assertThat(first).isBetween(0.6f, 0.8f); // ln 2: undecided
      assertThat(last).isLessThan(0.4f * first);
    }
  }

  private static float step(Student student, Weights weights, NDManager manager, double rate) {
    float value;
    try (NDManager step = manager.newSubManager();
        GradientCollector gradients = Engine.getEngine("PyTorch").newGradientCollector()) {
      NDArray truth = truth(step);
      NDArray noise = Fixtures.uniform(step, 9, 4, 3, SIDE, SIDE);
      NDArray image = noise.mul(0.5).add(truth.mul(0.3));
      NDArray z = student.forward(image, true).logits();
      // BCE with logits: softplus(z) − z·t
      NDArray loss = Activation.softPlus(z).sub(z.mul(truth)).mean();
      gradients.backward(loss);
      value = loss.getFloat();
    }
    Fixtures.descend(weights, rate);
    return value;
  }

  /** A rectangle in each of four images, [4, 1, side, side]. */
  private static NDArray truth(NDManager manager) {
    float[] mask = new float[4 * SIDE * SIDE];
    for (int b = 0; b < 4; b++) {
      for (int y = 8 * b; y < 8 * b + 24; y++) {
        for (int x = 40 - 8 * b; x < 60 - 8 * b; x++) {
          mask[(b * SIDE + y) * SIDE + x] = 1;
        }
      }
    }
    return manager.create(mask, new Shape(4, 1, SIDE, SIDE));
  }
}
