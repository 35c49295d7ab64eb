package stillhouse.data;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;

class DepthsTest {
  @Property(tries = 200)
  void depthIsTheChessboardDistanceToWhateverIsNotTheObject(
      @ForAll @IntRange(min = 1, max = 14) int width,
      @ForAll @IntRange(min = 1, max = 14) int height,
      @ForAll long seed) {
    Random random = new Random(seed);
    byte[] classes = new byte[width * height];
    for (int i = 0; i < classes.length; i++) {
      classes[i] = (byte) (random.nextInt(8) == 0 ? random.nextInt(3) : 1);
    }
    ClassMask mask = new ClassMask(width, height, classes);

    int[] depths = Depths.of(mask);

    for (int y = 0; y < height; y++) {
      for (int x = 0; x < width; x++) {
        assertThat(depths[y * width + x]).isEqualTo(depth(mask, x, y));
      }
    }
    for (Components.Inside inside : Components.insides(mask)) {
      int deepest = inside.deepest();
      assertThat(mask.at(deepest % width, deepest / width)).isEqualTo(inside.component().classId());
    }
  }

  /** Of a pixel: by looking at ever larger squares around it. */
  private static int depth(ClassMask mask, int x, int y) {
    int classId = mask.at(x, y);
    if (classId == 0) {
      return 0;
    }
    int reach = 1;
    while (isOf(mask, classId, x, y, reach)) {
      reach++;
    }
    return reach;
  }

  private static boolean isOf(ClassMask mask, int classId, int x, int y, int reach) {
    for (int ny = y - reach; ny <= y + reach; ny++) {
      for (int nx = x - reach; nx <= x + reach; nx++) {
        boolean inside = nx >= 0 && nx < mask.width() && ny >= 0 && ny < mask.height();
        if (!inside || mask.at(nx, ny) != classId) {
          return false;
        }
      }
    }
    return true;
  }
}
