package stillhouse.student;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import ai.djl.Device;
import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import org.junit.jupiter.api.Test;

class HostValuesTest {
  private static final float[] SIX = {1, 2, 3, 4, 5, 6};

  @Test
  void valuesOfAViewStandInTheOrderOfItsShape() {
    try (NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch")) {
      NDArray turned = manager.create(SIX, new Shape(2, 3)).transpose();

      assertThat(HostValues.of(turned)).containsExactly(1, 4, 2, 5, 3, 6);
      HostValues.read(turned, values -> assertThat(values.get(1)).isEqualTo(4));
    }
  }

  @Test
  void memoryOfATensorOnTheCpuIsItsOwn() {
    try (NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch")) {
      NDArray tensor = manager.create(SIX.clone());

      HostValues.memory(tensor).put(2, 30);

      assertThat(tensor.toFloatArray()).containsExactly(1, 2, 30, 4, 5, 6);
    }
  }

  /** What {@code toFloatArray} of DJL 0.35.1 does not do: it leaves one a read. */
  @Test
  void aReadOfAGpuLeavesNothingOfItselfBehind() {
    assumeTrue(Engine.getEngine("PyTorch").getGpuCount() > 0, "no GPU");
    try (NDManager manager = NDManager.newBaseManager(Device.gpu(0), "PyTorch")) {
      NDArray tensor = manager.create(SIX, new Shape(2, 3));
      for (int i = 0; i < 3; i++) {
        assertThat(HostValues.of(tensor)).containsExactly(SIX);
        HostValues.read(tensor, values -> assertThat(values.get(5)).isEqualTo(6));
      }

      assertThat(manager.getManagedArrays()).containsExactly(tensor);
      assertThatThrownBy(() -> HostValues.memory(tensor))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("gpu(0)");
    }
  }
}
