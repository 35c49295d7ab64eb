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

  @Test
  void aFrozenTensorGetsNoGradientUntilItIsTrainedAgain() {
    try (NDManager manager = NDManager.newBaseManager("PyTorch");
        Weights weights = new Weights(manager, 1)) {
      NDArray w = weights.constant("w", 3, 2);
      NDArray v = weights.constant("v", 1, 2);
      backward(manager, w, 5, 5);
      var memory = w.toByteBuffer(true).order(java.nio.ByteOrder.nativeOrder()).asFloatBuffer();
      int tensors = weights.manager().getManagedArrays().size();
      weights.train(name -> name.equals("v"));
      assertThat(weights.trained()).containsOnlyKeys("v");
      assertThat(weights.trainable()).containsOnlyKeys("w", "v");
      assertThat(w.hasGradient()).isFalse();
      try (NDManager step = manager.newSubManager();
          var collector = manager.getEngine().newGradientCollector()) {
        collector.backward(step.create(new float[] {1, 2}).mul(w).mul(v).sum());
      }
      assertThat(gradient(v)).as("through the frozen one").containsExactly(3, 6);
      weights.forgetGradients();
      assertThat(w.hasGradient()).isFalse();

      weights.train(name -> true);
      assertThat(gradient(w)).as("none is left of before").containsExactly(0, 0);
      backward(manager, w, 1, 2);
      assertThat(gradient(w)).containsExactly(1, 2);
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
