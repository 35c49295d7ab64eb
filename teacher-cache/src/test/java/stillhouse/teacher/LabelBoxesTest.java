package stillhouse.teacher;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static stillhouse.teacher.LabelledImages.image;
import static stillhouse.teacher.LabelledImages.mask;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import stillhouse.data.ClassMask;
import stillhouse.data.Components;

class LabelBoxesTest {
  @Test
  void boxesTouchAtCornersAndKeepClassesApart() {
    ClassMask mask = mask("1.....", ".1..22", "..1.22", "33....", "33...1");

    assertThat(new LabelBoxes(1, 10).prompts(image(6, 5, Optional.of(mask))))
        .containsExactly(
            new Prompt.Box(2, 4, 1, 6, 3),
            new Prompt.Box(3, 0, 3, 2, 5),
            new Prompt.Box(1, 0, 0, 3, 3),
            new Prompt.Box(1, 5, 4, 6, 5));
    assertThat(new LabelBoxes(4, 10).prompts(image(6, 5, Optional.of(mask)))).hasSize(2);
    assertThat(new LabelBoxes(1, 3).prompts(image(6, 5, Optional.of(mask)))).hasSize(3);
  }

  @Test
  void asksNothingWithoutLabelsOrObjects() {
    LabelBoxes plan = new LabelBoxes(1, 10);

    assertThat(plan.prompts(image(4, 4, Optional.empty()))).isEmpty();
    assertThat(plan.prompts(image(2, 1, Optional.of(mask(".x"))))).isEmpty();
  }

  @Test
  void refusesLabelsOfAnotherSizeAndEmptyLimits() {
    assertThatThrownBy(() -> new LabelBoxes(1, 1).prompts(image(3, 3, Optional.of(mask(".1")))))
        .hasMessage("Invalid labels: 2×1 for an image of 3×3");
    assertThatThrownBy(() -> new LabelBoxes(0, 1))
        .hasMessageContaining("minArea 0, maxPrompts 1 (both must be > 0)");
  }

  @Test
  void fingerprintFollowsBothLimits() {
    assertThat(new LabelBoxes(1, 2).fingerprint())
        .isEqualTo(new LabelBoxes(1, 2).fingerprint())
        .isNotEqualTo(new LabelBoxes(2, 1).fingerprint());
  }

  @Property(tries = 400)
  void componentsAreThoseOfAFloodFill(
      @ForAll @IntRange(min = 1, max = 24) int width,
      @ForAll @IntRange(min = 1, max = 24) int height,
      @ForAll @IntRange(min = 1, max = 9) int density,
      @ForAll long seed) {
    Random random = new Random(seed);
    byte[] classes = new byte[width * height];
    for (int i = 0; i < classes.length; i++) {
      boolean labelled = random.nextInt(10) < density;
      int ignored = random.nextInt(20) == 0 ? ClassMask.IGNORE : 0;
      classes[i] = (byte) (labelled ? 1 + random.nextInt(2) : ignored);
    }
    ClassMask mask = new ClassMask(width, height, classes);

    assertThat(Components.of(mask)).containsExactlyElementsOf(floodFilled(mask));
  }

  /** Of a frame for which two numbers a pixel would be two gigabytes. */
  @Test
  void componentsOfALargeFrameTakeMemoryByItsRuns() {
    int side = 16384;
    byte[] classes = new byte[side * side];
    for (int y = 100; y < 16000; y++) {
      Arrays.fill(classes, y * side + 50, y * side + 16300, (byte) 1);
    }
    classes[0] = 2;

    assertThat(Components.of(new ClassMask(side, side, classes)))
        .containsExactly(
            new Components.Component(2, 0, 0, 1, 1, 1),
            new Components.Component(1, 50, 100, 16300, 16000, 16250 * 15900));
  }

  private static List<Components.Component> floodFilled(ClassMask mask) {
    boolean[] seen = new boolean[mask.width() * mask.height()];
    List<Components.Component> all = new ArrayList<>();
    for (int start = 0; start < seen.length; start++) {
      int classId = mask.classes()[start] & 0xff;
      if (seen[start] || classId == 0 || classId == ClassMask.IGNORE) {
        continue;
      }
      int x0 = mask.width();
      int y0 = mask.height();
      int x1 = 0;
      int y1 = 0;
      int area = 0;
      var open = new ArrayDeque<Integer>(List.of(start));
      seen[start] = true;
      while (!open.isEmpty()) {
        int pixel = open.pop();
        int x = pixel % mask.width();
        int y = pixel / mask.width();
        area++;
        x0 = Math.min(x0, x);
        y0 = Math.min(y0, y);
        x1 = Math.max(x1, x + 1);
        y1 = Math.max(y1, y + 1);
        for (int ny = Math.max(0, y - 1); ny <= Math.min(mask.height() - 1, y + 1); ny++) {
          for (int nx = Math.max(0, x - 1); nx <= Math.min(mask.width() - 1, x + 1); nx++) {
            int next = ny * mask.width() + nx;
            if (!seen[next] && mask.at(nx, ny) == classId) {
              seen[next] = true;
              open.push(next);
            }
          }
        }
      }
      all.add(new Components.Component(classId, x0, y0, x1, y1, area));
    }
    return all;
  }
}
