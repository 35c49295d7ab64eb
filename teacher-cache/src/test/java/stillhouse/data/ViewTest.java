package stillhouse.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import java.util.List;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import stillhouse.teacher.Prompt;
import stillhouse.tensor.FloatTensor;

class ViewTest {
  /** 1 2 3 over 4 5 6. */
  private static final ClassMask SIX = new ClassMask(3, 2, new byte[] {1, 2, 3, 4, 5, 6});

  @Test
  void movesPixelsAsItsNameSays() {
    shows(View.IDENTITY, 3, 1, 2, 3, 4, 5, 6);
    shows(View.FLIP_HORIZONTAL, 3, 3, 2, 1, 6, 5, 4);
    shows(View.FLIP_VERTICAL, 3, 4, 5, 6, 1, 2, 3);
    shows(View.TURN_90, 2, 4, 1, 5, 2, 6, 3); // clockwise: the left column becomes the top row
    shows(View.TURN_180, 3, 6, 5, 4, 3, 2, 1);
    shows(View.TURN_270, 2, 3, 6, 2, 5, 1, 4);
    shows(View.TRANSPOSE, 2, 1, 4, 2, 5, 3, 6);
    shows(View.ANTI_TRANSPOSE, 2, 6, 3, 5, 2, 4, 1);
  }

  private static void shows(View view, int width, int... labels) {
    ClassMask seen = view.of(SIX);
    assertThat(seen.width()).as(view.text()).isEqualTo(width);
    byte[] expected = new byte[labels.length];
    for (int i = 0; i < labels.length; i++) {
      expected[i] = (byte) labels[i];
    }
    assertThat(seen.classes()).as(view.text()).isEqualTo(expected);
    assertThat(view.swapsSides()).isEqualTo(width == 2);
  }

  @Test
  void isAGroup() {
    for (View a : View.values()) {
      assertThat(a.then(View.IDENTITY)).isEqualTo(a);
      assertThat(View.IDENTITY.then(a)).isEqualTo(a);
      assertThat(a.then(a.inverse())).isEqualTo(View.IDENTITY);
      assertThat(a.inverse().then(a)).isEqualTo(View.IDENTITY);
      assertThat(Arrays.stream(View.values()).map(a::then))
          .containsExactlyInAnyOrder(View.values());
      for (View b : View.values()) {
        for (View c : View.values()) {
          assertThat(a.then(b).then(c)).isEqualTo(a.then(b.then(c)));
        }
      }
    }
    assertThat(View.TURN_90.then(View.TURN_90)).isEqualTo(View.TURN_180);
    assertThat(View.FLIP_HORIZONTAL.then(View.TURN_90))
        .isNotEqualTo(View.TURN_90.then(View.FLIP_HORIZONTAL));
  }

  @Property(tries = 60)
  void composesAsItsImagesDo(
      @ForAll @IntRange(min = 1, max = 7) int width,
      @ForAll @IntRange(min = 1, max = 7) int height,
      @ForAll View first,
      @ForAll View next,
      @ForAll long seed) {
    RgbImage image = image(width, height, seed);
    RgbImage both = first.then(next).of(image);
    RgbImage each = next.of(first.of(image));
    assertThat(List.of(both.width(), both.height()))
        .isEqualTo(List.of(each.width(), each.height()));
    assertThat(both.rgb()).isEqualTo(each.rgb());
    RgbImage back = first.inverse().of(first.of(image));
    assertThat(back.width()).isEqualTo(width);
    assertThat(back.rgb()).isEqualTo(image.rgb());
  }

  @Property(tries = 60)
  void movesPixelsLabelsAndMapsAlike(
      @ForAll @IntRange(min = 1, max = 7) int width,
      @ForAll @IntRange(min = 1, max = 7) int height,
      @ForAll View view,
      @ForAll long seed) {
    RgbImage image = image(width, height, seed);
    RgbImage seen = view.of(image);
    assertThat(view.of(Images.levels(image)).data()).containsExactly(Images.levels(seen).data());
    assertThat(view.of(Images.levels(image)).shape()).isEqualTo(Images.levels(seen).shape());
    byte[] red = new byte[width * height];
    float[] one = new float[width * height];
    for (int i = 0; i < red.length; i++) {
      red[i] = image.rgb()[3 * i];
      one[i] = red[i];
    }
    ClassMask mask = view.of(new ClassMask(width, height, red));
    FloatTensor plane = view.of(new FloatTensor(new int[] {height, width}, one));
    for (int y = 0; y < seen.height(); y++) {
      for (int x = 0; x < seen.width(); x++) {
        byte expected = seen.rgb()[3 * (y * seen.width() + x)];
        assertThat((byte) mask.at(x, y)).isEqualTo(expected);
        assertThat(plane.data()[y * seen.width() + x]).isEqualTo(expected);
      }
    }
  }

  /** The pixel that a box is drawn around, or that a point lies on, is the same one afterwards. */
  @Property(tries = 60)
  void promptsGoWithTheirPixels(
      @ForAll @IntRange(min = 1, max = 9) int width,
      @ForAll @IntRange(min = 1, max = 9) int height,
      @ForAll View view,
      @ForAll long seed) {
    Random random = new Random(seed);
    int x = random.nextInt(width);
    int y = random.nextInt(height);
    byte[] one = new byte[width * height];
    one[y * width + x] = 1;
    ClassMask seen = view.of(new ClassMask(width, height, one));
    Prompt.Box box = new Prompt.Box(1, x, y, x + 1, y + 1).in(view, width, height);
    assertThat(List.of(box.x1() - box.x0(), box.y1() - box.y0())).isEqualTo(List.of(1f, 1f));
    assertThat(seen.at((int) box.x0(), (int) box.y0())).isEqualTo(1);
    Prompt.Point point = new Prompt.Point(1, x + 0.5f, y + 0.5f, false).in(view, width, height);
    assertThat(List.of(point.x(), point.y())).isEqualTo(List.of(box.x0() + 0.5f, box.y0() + 0.5f));
    assertThat(point.foreground()).isFalse();
    assertThat(point.in(view.inverse(), seen.width(), seen.height()))
        .isEqualTo(new Prompt.Point(1, x + 0.5f, y + 0.5f, false));
  }

  @Test
  void isKnownByItsName() {
    for (View view : View.values()) {
      assertThat(View.of(view.text())).isEqualTo(view);
    }
    assertThat(View.ordered(List.of(View.TURN_90, View.IDENTITY, View.TURN_90)))
        .containsExactly(View.IDENTITY, View.TURN_90);
    assertThatThrownBy(() -> View.of("mirror"))
        .hasMessage(
            "Invalid view: 'mirror' (must be one of [identity, flip-horizontal, flip-vertical,"
                + " turn-90, turn-180, turn-270, transpose, anti-transpose])");
    assertThatThrownBy(() -> View.TURN_90.of(new FloatTensor(new int[] {1}, new float[1])))
        .hasMessage("Invalid map of view turn-90: FloatTensor[1] (must be [C, h, w] or [h, w])");
  }

  private static RgbImage image(int width, int height, long seed) {
    byte[] rgb = new byte[3 * width * height];
    new Random(seed).nextBytes(rgb);
    return new RgbImage(width, height, rgb);
  }
}
