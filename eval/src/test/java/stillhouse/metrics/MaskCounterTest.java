package stillhouse.metrics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static stillhouse.metrics.RandomMasks.of;

import java.util.List;
import org.junit.jupiter.api.Test;
import stillhouse.data.ClassMask;
import stillhouse.data.Tile;

class MaskCounterTest {
  private final MaskCounter counter = new MaskCounter(3);

  @Test
  void countsEachClassAndTheForegroundByHand() {
    ImageCounts counts = counter.count(of("1102", "1100", "0000"), of("0112", "0113", "0000"));
    assertThat(counts.area(1)).isEqualTo(new OverlapCounts(2, 4, 4));
    assertThat(counts.area(2)).isEqualTo(new OverlapCounts(1, 1, 1));
    assertThat(counts.area(3)).isEqualTo(new OverlapCounts(0, 0, 1));
    assertThat(counts.area(ClassCounts.FOREGROUND)).isEqualTo(new OverlapCounts(3, 5, 6));
    assertThat(counts.value(Metric.IOU, 1)).hasValue(2 / 6.0);
    assertThat(counts.value(Metric.DICE, 1)).hasValue(4 / 8.0);
    assertThat(counts.mean(Metric.IOU)).hasValue((2 / 6.0 + 1 + 0) / 3);
  }

  @Test
  void boundaryIsTheRingWithinOnePixelOnASmallImage() {
    // 7×7: d = 1, so the band of a 5×5 square is its outer ring of 16 pixels.
    var square = of("0000000", "0111110", "0111110", "0111110", "0111110", "0111110", "0000000");
    var shifted = of("0000000", "0011111", "0011111", "0011111", "0011111", "0011111", "0000000");
    ImageCounts counts = counter.count(shifted, square);
    assertThat(counts.area(1)).isEqualTo(new OverlapCounts(20, 25, 25));
    // Top and bottom edges share four pixels each; the sides fall into the other's inside.
    assertThat(counts.boundary(1)).isEqualTo(new OverlapCounts(8, 16, 16));
  }

  @Test
  void theImageBorderIsAnEdgeAndSoIsAnotherClass() {
    ImageCounts counts =
        counter.count(of("11122", "11122", "11122"), of("11122", "11122", "11122"));
    // Of class 1 (3×3, on the border) only the middle is two pixels from what is not of it.
    assertThat(counts.boundary(1)).isEqualTo(new OverlapCounts(8, 8, 8));
    assertThat(counts.boundary(2)).isEqualTo(new OverlapCounts(6, 6, 6));
    // The foreground (5×3) has no edge between its classes.
    assertThat(counts.boundary(0)).isEqualTo(new OverlapCounts(12, 12, 12));
  }

  @Test
  void aClassAbsentFromBothIsLeftOutOfTheMean() {
    ImageCounts counts = counter.count(of("110", "000"), of("100", "000"));
    assertThat(counts.value(Metric.IOU, 2)).isEmpty();
    assertThat(counts.mean(Metric.IOU)).hasValue(0.5);
    assertThat(counter.count(of("00"), of("00")).mean(Metric.BOUNDARY_IOU)).isEmpty();
  }

  @Test
  void ignoredPixelsCountNowhere() {
    ImageCounts counts = counter.count(of("1112", "0#00"), of("11##", "0020"));
    assertThat(counts.area(1)).isEqualTo(new OverlapCounts(2, 2, 2));
    assertThat(counts.area(2)).isEqualTo(new OverlapCounts(0, 0, 1));
  }

  @Test
  void aSmallImageAfterALargeOneIsCountedAlone() {
    var small = RandomMasks.draw(3, 9, 7, 3, true);
    var truth = RandomMasks.draw(4, 9, 7, 3, false);
    ImageCounts alone = new MaskCounter(3).count(small, truth);
    counter.count(RandomMasks.draw(1, 200, 100, 3, true), RandomMasks.draw(2, 200, 100, 3, true));
    assertThat(counter.count(small, truth)).isEqualTo(alone);
  }

  @Test
  void tilesSumToTheirFrameAndTheirSeamsAreNoEdges() {
    for (long seed = 0; seed < 20; seed++) {
      var predicted = RandomMasks.draw(seed, 64, 48, 3, false);
      var truth = RandomMasks.draw(100 + seed, 64, 48, 3, true);
      long[] areas = new long[3];
      for (Tile tile : TILES) {
        int right = tile.x() == 0 ? 32 : 64;
        Tile own = new Tile(right - 32, 0, 32, 48).within(tile);
        ImageCounts counts = counter.count(tile.cut(predicted), tile.cut(truth), own);
        for (int k = 1; k <= 3; k++) {
          areas[0] += counts.area(k).intersection();
          areas[1] += counts.area(k).predicted();
          areas[2] += counts.area(k).actual();
          // The bands of the whole tile, looked at in the rectangle alone.
          assertThat(counts.boundary(k).actual())
              .isEqualTo(pixels(own.cut(BoundaryBand.of(cleared(tile.cut(truth)))), k));
        }
      }
      ImageCounts frame = counter.count(predicted, truth);
      for (int k = 1; k <= 3; k++) {
        areas[0] -= frame.area(k).intersection();
        areas[1] -= frame.area(k).predicted();
        areas[2] -= frame.area(k).actual();
      }
      assertThat(areas).as("seed %d", seed).containsOnly(0);
    }
  }

  /** 64 pixels by two tiles that share 16 in the middle. */
  private static final List<Tile> TILES = List.of(new Tile(0, 0, 40, 48), new Tile(24, 0, 40, 48));

  private static ClassMask cleared(ClassMask mask) {
    byte[] labels = mask.classes().clone();
    for (int i = 0; i < labels.length; i++) {
      labels[i] = labels[i] == (byte) ClassMask.IGNORE ? 0 : labels[i];
    }
    return new ClassMask(mask.width(), mask.height(), labels);
  }

  private static long pixels(ClassMask mask, int label) {
    long count = 0;
    for (byte value : mask.classes()) {
      count += value == label ? 1 : 0;
    }
    return count;
  }

  @Test
  void countsAsManyClassesAsAMaskHolds() {
    for (int classes : new int[] {127, 128, 254}) {
      byte[] labels = new byte[70 * 3];
      labels[69] = (byte) classes;
      labels[70] = (byte) ClassMask.IGNORE;
      labels[139] = 1;
      ClassMask mask = new ClassMask(70, 3, labels);
      ImageCounts counts = new MaskCounter(classes).count(mask, mask);
      assertThat(counts.area(classes)).isEqualTo(new OverlapCounts(1, 1, 1));
      assertThat(counts.boundary(classes)).isEqualTo(new OverlapCounts(1, 1, 1));
      assertThat(counts.area(1).actual() + counts.area(0).actual()).isEqualTo(3);
    }
  }

  @Test
  void refusesAClassAboveKWhereverItStandsButUnderAnIgnoredPixel() {
    for (int classes : new int[] {1, 2, 3, 5, 127, 128, 253}) {
      for (int at : new int[] {0, 7, 63, 64, 71, 72, 147}) {
        byte[] labels = new byte[74 * 2];
        labels[at] = (byte) (classes + 1);
        byte[] ignored = new byte[labels.length];
        ignored[at] = (byte) ClassMask.IGNORE;
        var bad = new ClassMask(74, 2, labels);
        var counting = new MaskCounter(classes);
        assertThatThrownBy(() -> counting.count(bad, new ClassMask(74, 2, new byte[74 * 2])))
            .hasMessageContaining(
                "Invalid prediction: class %d at x=%d y=%d"
                    .formatted(classes + 1, at % 74, at / 74));
        assertThat(counting.count(bad, new ClassMask(74, 2, ignored)).area(0).predicted()).isZero();
      }
    }
  }

  @Test
  void refusesMasksOfDifferentSizes() {
    assertThatThrownBy(() -> counter.count(of("00"), of("0", "0")))
        .hasMessageContaining("2×1 prediction with a 1×2 truth");
  }

  @Test
  void refusesAClassThatIsNotThere() {
    assertThatThrownBy(() -> counter.count(of("000", "000"), of("000", "040")))
        .hasMessageContaining("Invalid truth: class 4 at x=1 y=1 (classes are 1 to 3");
  }

  @Test
  void refusesMoreClassesThanAMaskHolds() {
    assertThatThrownBy(() -> new MaskCounter(255)).hasMessageContaining("255 (must be 1 to 254");
  }
}
