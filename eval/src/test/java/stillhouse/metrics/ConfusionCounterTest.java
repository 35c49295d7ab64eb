package stillhouse.metrics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static stillhouse.metrics.RandomMasks.of;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import stillhouse.data.ClassMask;
import stillhouse.data.Tile;

class ConfusionCounterTest {
  private final ConfusionCounter counter = new ConfusionCounter(3);

  private static Tile all(ClassMask mask) {
    return new Tile(0, 0, mask.width(), mask.height());
  }

  @Test
  void countsEachPairOfClassesByHand() {
    ClassMask truth = of("0112", "01#3", "0000");
    assertThat(counter.count(of("1102", "110#", "0000"), truth, all(truth)))
        .containsExactly(
            new ConfusionCounter.Cell(0, 0, 4),
            new ConfusionCounter.Cell(0, 1, 2),
            new ConfusionCounter.Cell(1, 0, 1),
            new ConfusionCounter.Cell(1, 1, 2),
            new ConfusionCounter.Cell(2, 2, 1));
  }

  @Test
  void agreesWithTheOverlapCountsOnRandomMasksAndTilesOfThem() {
    var overlaps = new MaskCounter(3);
    for (long seed = 0; seed < 60; seed++) {
      int width = 20 + (int) seed;
      var predicted = RandomMasks.draw(seed, width, 33, 3, true);
      var truth = RandomMasks.draw(1000 + seed, width, 33, 3, true);
      Tile tile = seed % 2 == 0 ? all(truth) : new Tile(3, 5, width - 7, 20);
      Confusion found = Confusion.of(3, counter.count(predicted, truth, tile));
      ImageCounts counts = overlaps.count(predicted, truth, tile);
      for (int c = 1; c <= 3; c++) {
        assertThat(found.pixels(c, c)).isEqualTo(counts.area(c).intersection());
        assertThat(found.actual(c)).isEqualTo(counts.area(c).actual());
        assertThat(said(found, c)).isEqualTo(counts.area(c).predicted());
      }
    }
  }

  private static long said(Confusion found, int predicted) {
    long sum = 0;
    for (int actual = 0; actual <= found.classes(); actual++) {
      sum += found.pixels(actual, predicted);
    }
    return sum;
  }

  @Test
  void sumsOfPartsAreTheWhole() {
    List<ConfusionCounter.Cell> parts = new ArrayList<>();
    var predicted = RandomMasks.draw(1, 64, 48, 3, false);
    var truth = RandomMasks.draw(2, 64, 48, 3, true);
    for (int y = 0; y < 48; y += 12) {
      parts.addAll(counter.count(predicted, truth, new Tile(0, y, 64, 12)));
    }
    Confusion sum = Confusion.of(3, parts);
    Confusion whole = Confusion.of(3, counter.count(predicted, truth, all(truth)));
    for (int actual = 0; actual <= 3; actual++) {
      for (int said = 0; said <= 3; said++) {
        assertThat(sum.pixels(actual, said)).isEqualTo(whole.pixels(actual, said));
      }
    }
  }

  @Test
  void aClassThatIsNotThereHasNoShare() {
    Confusion found = Confusion.of(2, List.of(new ConfusionCounter.Cell(1, 0, 3)));
    assertThat(found.share(1, 0)).hasValue(1);
    assertThat(found.share(2, 2)).isEmpty();
  }

  @Test
  void refusesALabelThatIsNoClassAndMasksOfTwoSizes() {
    ClassMask truth = of("0012");
    assertThatThrownBy(() -> counter.count(of("0042"), truth, all(truth)))
        .hasMessage("Invalid class: 4 (classes are 1 to 3, 0 is background, 255 ignored)");
    assertThatThrownBy(() -> counter.count(of("00"), truth, all(truth)))
        .hasMessageContaining("Cannot compare a 2×1 prediction with a 4×1 truth");
  }
}
