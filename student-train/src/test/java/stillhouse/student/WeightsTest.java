package stillhouse.student;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import org.junit.jupiter.api.Test;

class WeightsTest {
  @Test
  void aForgottenGradientIsNotAddedTo() {
    try (NDManager manager = NDManager.newBaseManager("PyTorch");
        Weights weights = new Weights(manager, 1)) {
      NDArray w = weights.constant("w", 3, 2);
      backward(manager, w, 1, 2);
      weights.forgetGradients();
      assertThat(gradient(w)).containsExactly(0, 0);
      backward(manager, w, 10, 20);
      assertThat(gradient(w)).containsExactly(10, 20);
      backward(manager, w, 1, 2);
      assertThat(gradient(w)).containsExactly(11, 22);
      assertThat(weights.trainable().get("w")).isSameAs(w);
    }
  }

  @Test
  void weightsKeepTheirMemoryAndTheManagerItsTensors() {
    try (NDManager manager = NDManager.newBaseManager("PyTorch");
        Weights weights = new Weights(manager, 1)) {
      NDArray w = weights.constant("w", 3, 2);
      var memory = w.toByteBuffer(true).order(java.nio.ByteOrder.nativeOrder()).asFloatBuffer();
      int tensors = weights.manager().getManagedArrays().size();
      for (int i = 0; i < 5; i++) {
        weights.forgetGradients();
      }
      memory.put(1, 8f);
      assertThat(w.toFloatArray()).containsExactly(3, 8);
      assertThat(weights.manager().getManagedArrays()).hasSize(tensors);
    }
  }

  private static void backward(NDManager manager, NDArray w, float... gradient) {
    try (NDManager step = manager.newSubManager();
        var collector = manager.getEngine().newGradientCollector()) {
      collector.backward(step.create(gradient).mul(w).sum());
    }
  }

  private static float[] gradient(NDArray w) {
    try (NDArray gradient = w.getGradient()) {
      return gradient.toFloatArray();
    }
  }
}
