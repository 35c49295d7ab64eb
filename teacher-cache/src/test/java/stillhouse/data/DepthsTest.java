package stillhouse.data;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayDeque;
import java.util.List;
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
      assertThat(deepest).isEqualTo(deepest(mask, depths, deepest));
    }
  }

  /** The first of the greatest depths in a pixel's component, flooded from the pixel. */
  private static int deepest(ClassMask mask, int[] depths, int pixel) {
    int width = mask.width();
    boolean[] seen = new boolean[depths.length];
    ArrayDeque<Integer> open = new ArrayDeque<>(List.of(pixel));
    int deepest = pixel;
    while (!open.isEmpty()) {
      int at = open.pop();
      if (seen[at]) {
        continue;
      }
      seen[at] = true;
      boolean better = depths[at] > depths[deepest];
      deepest = better || (depths[at] == depths[deepest] && at < deepest) ? at : deepest;
      for (int next = 0; next < depths.length; next++) {
        boolean beside =
            Math.abs(next % width - at % width) <= 1 && Math.abs(next / width - at / width) <= 1;
        if (beside && mask.classes()[next] == mask.classes()[at]) {
          open.push(next);
        }
      }
    }
    return deepest;
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
