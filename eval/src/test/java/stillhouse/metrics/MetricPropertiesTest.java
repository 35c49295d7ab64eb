package stillhouse.metrics;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.assertj.core.data.Offset;
import stillhouse.data.ClassMask;

class MetricPropertiesTest {
  private static final int CLASSES = 3;
  private final MaskCounter counter = new MaskCounter(CLASSES);

  @Property(tries = 200)
  void isSymmetric(
      @ForAll long seed, @ForAll @IntRange(min = 1, max = 120) int width, @ForAll boolean ignored) {
    ClassMask a = RandomMasks.draw(seed, width, 70, CLASSES, ignored);
    ClassMask b = RandomMasks.draw(seed + 1, width, 70, CLASSES, ignored);
    ImageCounts ab = counter.count(a, b);
    ImageCounts ba = counter.count(b, a);
    for (Metric metric : Metric.values()) {
      for (int c = 0; c <= CLASSES; c++) {
        assertThat(ab.value(metric, c)).isEqualTo(ba.value(metric, c));
      }
    }
  }

  @Property(tries = 200)
  void isOneOnEqualMasks(@ForAll long seed, @ForAll @IntRange(min = 1, max = 120) int height) {
    ClassMask mask = RandomMasks.draw(seed, 90, height, CLASSES, true);
    ImageCounts counts = counter.count(mask, mask);
    for (Metric metric : Metric.values()) {
      counts.mean(metric).ifPresent(m -> assertThat(m).isEqualTo(1.0));
    }
  }

  @Property(tries = 200)
  void whatStandsUnderAnIgnoredPixelChangesNothing(@ForAll long seed) {
    ClassMask truth = RandomMasks.draw(seed, 90, 60, CLASSES, true);
    ClassMask predicted = RandomMasks.draw(seed + 1, 90, 60, CLASSES, false);
    byte[] scribbled = predicted.classes().clone();
    Random random = new Random(seed);
    for (int i = 0; i < scribbled.length; i++) {
      if (truth.classes()[i] == (byte) ClassMask.IGNORE) {
        scribbled[i] = (byte) random.nextInt(CLASSES + 1);
      }
    }
    assertThat(counter.count(new ClassMask(90, 60, scribbled), truth))
        .isEqualTo(counter.count(predicted, truth));
  }

  /** d erosions by a 3×3 square after zero-padding by one pixel, done as such. */
  @Property(tries = 100)
  void theBandIsWhatErosionsRemove(
      @ForAll long seed,
      @ForAll @IntRange(min = 1, max = 180) int width,
      @ForAll @IntRange(min = 1, max = 140) int height) {
    ClassMask mask = RandomMasks.draw(seed, width, height, CLASSES, true);
    byte[] band = BoundaryBand.of(mask).classes();
    for (int c = 1; c <= CLASSES; c++) {
      boolean[] kept = new boolean[(width + 2) * (height + 2)];
      for (int i = 0; i < band.length; i++) {
        kept[(i / width + 1) * (width + 2) + i % width + 1] = mask.classes()[i] == c;
      }
      for (int d = BoundaryBand.thicknessPixels(width, height); d > 0; d--) {
        kept = erode(kept, width + 2);
      }
      for (int i = 0; i < band.length; i++) {
        boolean inside = kept[(i / width + 1) * (width + 2) + i % width + 1];
        assertThat(band[i] == c).isEqualTo(mask.classes()[i] == c && !inside);
      }
    }
  }

  private static boolean[] erode(boolean[] mask, int width) {
    boolean[] eroded = new boolean[mask.length];
    for (int i = width + 1; i < mask.length - width - 1; i++) {
      boolean all = true;
      for (int dy = -width; dy <= width; dy += width) {
        all &= mask[i + dy - 1] && mask[i + dy] && mask[i + dy + 1];
      }
      eroded[i] = all;
    }
    return eroded;
  }

  @Property(tries = 200)
  void boundaryIouIsIouOnObjectsNoThickerThanTwiceD(
      @ForAll long seed, @ForAll @IntRange(min = 1, max = 6) int thickness) {
    // 120×90: diagonal 150, d = 3. Horizontal bars that do not touch each other.
    ClassMask a = bars(seed, thickness);
    ClassMask b = bars(seed + 1, thickness);
    ImageCounts counts = counter.count(a, b);
    for (int c = 1; c <= CLASSES; c++) {
      assertThat(counts.boundary(c)).isEqualTo(counts.area(c));
    }
  }

  private static ClassMask bars(long seed, int thickness) {
    Random random = new Random(seed);
    byte[] labels = new byte[120 * 90];
    for (int top = random.nextInt(3); top + thickness < 90; top += thickness + 1) {
      Arrays.fill(labels, top * 120, (top + thickness) * 120, (byte) random.nextInt(CLASSES + 1));
    }
    return new ClassMask(120, 90, labels);
  }

  @Property(tries = 100)
  void mergingAnyPartitioningIsCountingAll(
      @ForAll long seed, @ForAll @IntRange(min = 1, max = 12) int parts) {
    List<ImageCounts> images = new ArrayList<>();
    for (int i = 0; i < 12; i++) {
      images.add(
          counter.count(
              RandomMasks.draw(seed + i, 31, 17, CLASSES, false),
              RandomMasks.draw(~seed - i, 31, 17, CLASSES, i % 2 == 0)));
    }
    SegmentationCounts all = sum(images);
    Collections.shuffle(images, new Random(seed));
    SegmentationCounts merged = SegmentationCounts.zero(CLASSES);
    for (int p = 0; p < parts; p++) {
      merged = sum(images.subList(p * 12 / parts, (p + 1) * 12 / parts)).plus(merged);
    }
    assertThat(merged).isEqualTo(all);
    assertThat(merged.images()).isEqualTo(12);
  }

  private static SegmentationCounts sum(List<ImageCounts> images) {
    SegmentationCounts sum = SegmentationCounts.zero(CLASSES);
    for (ImageCounts image : images) {
      sum = sum.plus(image);
    }
    return sum;
  }

  @Property(tries = 100)
  void diceFollowsFromIou(@ForAll long seed) {
    ImageCounts counts =
        counter.count(
            RandomMasks.draw(seed, 40, 30, CLASSES, false),
            RandomMasks.draw(~seed, 40, 30, CLASSES, false));
    for (int c = 0; c <= CLASSES; c++) {
      if (counts.value(Metric.IOU, c).isPresent()) {
        double iou = counts.value(Metric.IOU, c).getAsDouble();
        assertThat(counts.value(Metric.DICE, c).getAsDouble())
            .isCloseTo(2 * iou / (1 + iou), Offset.offset(1e-12));
      }
    }
  }
}
