package stillhouse.cache;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class ViewLayoutTest {
  @Test
  void smallDataSetsHaveEnoughGroups() {
    assertThat(ViewLayout.of(0, 100_000, 800, 640).rowsPerGroup()).isEqualTo(10);
    assertThat(ViewLayout.of(0, 100_000, 40, 32).rowsPerGroup()).isEqualTo(1);
  }

  @Test
  void largeRowsMakeShortGroups() {
    assertThat(ViewLayout.of(0, 1_600_000, 100_000, 80_000).rowsPerGroup()).isEqualTo(5);
    assertThat(ViewLayout.of(0, 20_000_000, 100_000, 80_000).rowsPerGroup()).isEqualTo(1);
  }

  @Test
  void filesStayNearAQuarterGibibyte() {
    assertThat(ViewLayout.of(0, 1_600_000, 100_000, 80_000).files()).isEqualTo(597);
    assertThat(ViewLayout.of(0, 100_000, 800, 640).files()).isEqualTo(16);
    assertThat(ViewLayout.of(0, 100_000, 8, 6).files()).isEqualTo(2);
  }

  @Test
  void refusesGroupsThatATaskCannotHold() {
    assertThatThrownBy(() -> ViewLayout.of(64, 1_600_000, 1000, 800))
        .hasMessageContaining("Invalid rowsPerGroup: 64 rows of 1600000 bytes")
        .hasMessageContaining("at most 41 rows");
  }

  @Property
  void groupsAreBoundedAndNeverEmpty(
      @ForAll @IntRange(min = 1, max = 50_000_000) int rowBytes,
      @ForAll @IntRange(min = 1, max = 1_000_000) int rows) {
    ViewLayout layout = ViewLayout.of(0, rowBytes, rows, rows);
    assertThat(layout.files()).isPositive();
    assertThat(layout.rowsPerGroup()).isBetween(1, 16);
    assertThat((long) layout.rowsPerGroup() * rowBytes)
        .isLessThanOrEqualTo(Math.max(8L << 20, rowBytes));
  }
}
