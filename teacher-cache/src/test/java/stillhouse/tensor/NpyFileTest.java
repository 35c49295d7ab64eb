package stillhouse.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import stillhouse.identity.Sha256;

class NpyFileTest {
  private static final float[][] ROWS = {{1.5f, -2, 0.25f}, {3e-8f, 65504, 7}};

  /** The digest is of what NumPy 1.26 {@code save}s of the same matrix. */
  @Test
  void writesWhatNumPyWrites() {
    assertThat(Sha256.of(NpyFile.of(ROWS)).hex())
        .isEqualTo("6c6e2f53a53e4cdab91d2ee99d3123a2db0acbc4a73033803a047b28a2bc2895");
  }

  @Test
  void readsWhatItWrote() {
    assertThat(NpyFile.rows(NpyFile.of(ROWS), 2, 3)).isDeepEqualTo(ROWS);
  }

  @Test
  void refusesAnotherSizeOrKind() {
    byte[] file = NpyFile.of(ROWS);
    assertThatThrownBy(() -> NpyFile.rows(file, 3, 2))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(
            "Cannot read .npy file of 152 bytes: fp32 [3, 2], row-major, takes 152 and the header"
                + " {'descr': '<f4', 'fortran_order': False, 'shape': (3, 2), }");
    file[21] = '>';
    assertThatThrownBy(() -> NpyFile.rows(file, 2, 3)).hasMessageContaining("'descr': '<f4'");
  }
}
