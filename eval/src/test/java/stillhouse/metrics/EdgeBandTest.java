package stillhouse.metrics;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.SplittableRandom;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import stillhouse.data.ClassMask;

class EdgeBandTest {
  /** The chessboard distance in two passes, which looks at every pixel by itself. */
  @Property(tries = 150)
  void isWhereTheDistanceToAnotherLabelIsAtMostD(
      @ForAll long seed,
      @ForAll @IntRange(min = 1, max = 300) int width,
      @ForAll @IntRange(min = 1, max = 90) int height,
      @ForAll @IntRange(min = 1, max = 120) int d) {
    ClassMask mask = RandomMasks.draw(seed, width, height, 3, false);
    short[] distance = new short[width * height];
    EdgeDistance.measure(mask.classes(), width, height, distance);
    long[] band = new EdgeBand().of(packed(mask), d);
    for (int i = 0; i < distance.length; i++) {
      if (mask.classes()[i] != 0) {
        assertThat(isSet(band, i % width, i / width, height))
            .as("x=%d y=%d of %d×%d, d=%d", i % width, i / width, width, height, d)
            .isEqualTo(distance[i] <= d);
      }
    }
  }

  @Test
  void aBufferOfALargerMaskLeavesNoTrace() {
    EdgeBand band = new EdgeBand();
    ClassMask small = RandomMasks.draw(5, 70, 40, 3, false);
    long[] alone = new EdgeBand().of(packed(small), 2).clone();
    band.of(packed(noise(300, 200)), 9);
    assertThat(band.of(packed(small), 2)).startsWith(alone);
  }

  private static ClassMask noise(int width, int height) {
    SplittableRandom random = new SplittableRandom(1);
    byte[] labels = new byte[width * height];
    for (int i = 0; i < labels.length; i++) {
      labels[i] = (byte) random.nextInt(4);
    }
    return new ClassMask(width, height, labels);
  }

  private static LabelPlanes packed(ClassMask mask) {
    LabelPlanes planes = new LabelPlanes(2);
    planes.reserve(mask.width(), mask.height());
    for (int y = 0; y < mask.height(); y++) {
      planes.pack(mask.classes(), y * mask.width(), y);
    }
    return planes;
  }

  private static boolean isSet(long[] band, int x, int y, int height) {
    return (band[(x >>> 6) * height + y] >>> x & 1) != 0;
  }
}
