package stillhouse.prompts;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import stillhouse.data.ClassMask;
import stillhouse.data.Tile;
import stillhouse.metrics.MeanCounts;
import stillhouse.prompts.PromptProtocol.Measure;
import stillhouse.teacher.Clicks;
import stillhouse.teacher.MaskAnswer;
import stillhouse.teacher.Prompt;
import stillhouse.teacher.Refined;
import stillhouse.teacher.Teacher;
import stillhouse.tensor.FloatTensor;

class ImageScoreTest {
  private static final int WIDTH = 20;
  private static final int HEIGHT = 12;

  /**
   * Answers clicks with squares of 5×5 pixels around the foreground ones, on top of the mask that
   * is carried, and takes away the background ones' own pixels; a box with itself.
   */
  private static final class Squares implements Teacher.Asking {
    final List<Clicks> asked = new ArrayList<>();

    @Override
    public MaskAnswer answer(Prompt prompt) {
      var box = (Prompt.Box) prompt;
      float[] logits = empty();
      fill(logits, (int) box.x0(), (int) box.y0(), (int) box.x1(), (int) box.y1(), 1);
      return new MaskAnswer(plane(logits), 1.25f);
    }

    @Override
    public Refined refine(Clicks clicks, double largest) {
      asked.add(clicks);
      float[] logits = clicks.before().map(b -> b.data().clone()).orElseGet(Squares::empty);
      for (Prompt.Point point : clicks.points()) {
        int reach = point.foreground() ? 2 : 0;
        int x = (int) point.x();
        int y = (int) point.y();
        fill(
            logits,
            x - reach,
            y - reach,
            x + reach + 1,
            y + reach + 1,
            point.foreground() ? 1 : -1);
      }
      return new Refined(new MaskAnswer(plane(logits), 0.5f), Optional.of(plane(logits)));
    }

    private static float[] empty() {
      float[] logits = new float[WIDTH * HEIGHT];
      Arrays.fill(logits, -1);
      return logits;
    }

    private static FloatTensor plane(float[] logits) {
      return new FloatTensor(new int[] {HEIGHT, WIDTH}, logits);
    }
  }

  private static void fill(float[] plane, int x0, int y0, int x1, int y1, float value) {
    for (int y = Math.max(0, y0); y < Math.min(HEIGHT, y1); y++) {
      for (int x = Math.max(0, x0); x < Math.min(WIDTH, x1); x++) {
        plane[y * WIDTH + x] = value;
      }
    }
  }

  private static ClassMask labels(int[]... rectangles) {
    float[] plane = new float[WIDTH * HEIGHT];
    for (int[] r : rectangles) {
      fill(plane, r[0], r[1], r[2], r[3], r[4]);
    }
    byte[] labels = new byte[plane.length];
    for (int i = 0; i < labels.length; i++) {
      labels[i] = (byte) plane[i];
    }
    return new ClassMask(WIDTH, HEIGHT, labels);
  }

  private static ImageScore score(PromptProtocol protocol, ClassMask labels) {
    return ImageScore.of(protocol, new Squares(), labels, Optional.empty());
  }

  private static double mean(ImageScore score, int question, Measure measure) {
    return MeanCounts.mean(score.counts(), PromptProtocol.slot(question, measure)).orElseThrow();
  }

  private static PromptProtocol clicks(int clicks) {
    return new PromptProtocol(clicks, 1, 1, true, true);
  }

  /**
   * An object of 10×5. Its deepest pixels are 3 from its edge, the first of them at (4, 4): 25 of
   * 50 pixels. What is missed then are columns 7 to 11, whose middle is (9, 4): all of it, and
   * nothing is left to be asked.
   */
  @Test
  void clicksGoOnUntilTheObjectIsFound() {
    ClassMask labels = labels(new int[] {2, 2, 12, 7, 1});
    Squares squares = new Squares();

    ImageScore score = ImageScore.of(clicks(3), squares, labels, Optional.empty());

    assertThat(squares.asked).hasSize(2);
    assertThat(squares.asked.get(1).points())
        .containsExactly(
            new Prompt.Point(1, 4.5f, 4.5f, true), new Prompt.Point(1, 9.5f, 4.5f, true));
    assertThat(squares.asked.get(0).before()).isEmpty();
    assertThat(squares.asked.get(1).before()).isPresent();
    assertThat(mean(score, 0, Measure.IOU)).isEqualTo(0.5);
    for (int question = 1; question <= 4; question++) {
      assertThat(mean(score, question, Measure.IOU)).isEqualTo(1);
      assertThat(mean(score, question, Measure.BOUNDARY_IOU)).isEqualTo(1);
    }
    assertThat(score.nanos()).as("two rounds and the box").hasSize(3);
  }

  /** The network's estimate is cut to 0…1 before it is held against the IoU. */
  @Test
  void theEstimateIsHeldAgainstTheIou() {
    ImageScore score = score(clicks(1), labels(new int[] {2, 2, 12, 7, 1}));

    assertThat(mean(score, 0, Measure.PREDICTED_IOU)).isEqualTo(0.5);
    assertThat(mean(score, 0, Measure.IOU_ERROR)).isEqualTo(0);
    assertThat(mean(score, 1, Measure.IOU_ERROR)).isEqualTo(0.5);
    assertThat(mean(score, 2, Measure.PREDICTED_IOU)).isEqualTo(1);
  }

  /** Of 3×3 in the corner a square of 5×5 finds 9 of 16 pixels; a background click mends it. */
  @Test
  void whatIsFoundTooMuchIsTakenAway() {
    Squares squares = new Squares();

    ImageScore score =
        ImageScore.of(clicks(1), squares, labels(new int[] {0, 0, 3, 3, 1}), Optional.empty());

    assertThat(mean(score, 0, Measure.IOU)).isCloseTo(9.0 / 16, within(1e-6));
    assertThat(squares.asked.get(1).points().get(1).foreground()).isFalse();
    assertThat(mean(score, 1, Measure.IOU)).isGreaterThan(9.0 / 16);
  }

  /** Touching objects of two classes are two, and one of class 2 is no part of one of class 1. */
  @Test
  void eachComponentOfEachClassIsAnObject() {
    ClassMask labels =
        labels(
            new int[] {2, 2, 7, 7, 1}, new int[] {7, 2, 12, 7, 2}, new int[] {16, 10, 18, 12, 1});
    PromptProtocol large = new PromptProtocol(1, 5, 1, true, true);

    assertThat(score(clicks(1), labels).objects()).isEqualTo(3);
    assertThat(score(large, labels).objects()).isEqualTo(2);
    assertThat(mean(score(large, labels), 0, Measure.IOU)).isEqualTo(1);
  }

  /** An angle has 20 of its box's 36 pixels. */
  @Test
  void whatFilledBoxesWouldHaveIsAdded() {
    ClassMask angle = labels(new int[] {2, 2, 4, 8, 1}, new int[] {4, 6, 8, 8, 1});

    assertThat(score(clicks(1), angle).filledBoxes()).isCloseTo(20.0 / 36, within(1e-9));
  }

  @Test
  void ofATileObjectsAreAskedAboutWhoseMiddleIsItsOwn() {
    ClassMask labels = labels(new int[] {0, 2, 5, 7, 1}, new int[] {10, 2, 15, 7, 1});

    ImageScore right =
        ImageScore.of(clicks(1), new Squares(), labels, Optional.of(new Tile(8, 0, 12, HEIGHT)));

    assertThat(right.objects()).isEqualTo(1);
    assertThat(right.leftOut()).isZero();
  }

  @Test
  void ofManyObjectsTheLargestAreAskedAboutAndTheOthersCounted() {
    byte[] labels = new byte[WIDTH * HEIGHT];
    for (int y = 0; y < HEIGHT; y += 2) {
      for (int x = 0; x < WIDTH; x += 2) {
        labels[y * WIDTH + x] = (byte) (1 + (x / 2 + y / 2) % 2); // specks, no two touch
      }
    }
    ImageScore score = score(clicks(1), new ClassMask(WIDTH, HEIGHT, labels));

    assertThat(score.objects()).isEqualTo(60);
    byte[] more = new byte[WIDTH * HEIGHT];
    for (int i = 0; i < more.length; i++) {
      more[i] = (byte) (1 + i % WIDTH % 2 + 2 * (i / WIDTH % 2)); // each pixel another class's
    }
    ImageScore crowded = score(clicks(1), new ClassMask(WIDTH, HEIGHT, more));
    assertThat(List.of(crowded.objects(), crowded.leftOut()))
        .containsExactly(64, WIDTH * HEIGHT - 64);
  }

  @Test
  void ignoredPixelsCountNowhere() {
    ClassMask ignored = labels(new int[] {0, 0, WIDTH, HEIGHT, 255}, new int[] {4, 4, 7, 7, 1});

    assertThat(mean(score(clicks(1), ignored), 0, Measure.IOU)).isEqualTo(1);
  }

  @Test
  void aTeacherOfBoxesIsAskedByBoxes() {
    PromptProtocol boxes = new PromptProtocol(3, 1, 1, false, true);

    ImageScore score = score(boxes, labels(new int[] {2, 2, 12, 7, 1}));

    assertThat(boxes.questions()).containsExactly("box");
    assertThat(mean(score, 0, Measure.IOU)).isEqualTo(1);
    assertThat(score.nanos()).hasSize(1);
  }

  @Test
  void aTeacherOfPointsIsAskedByPoints() {
    PromptProtocol points = new PromptProtocol(1, 1, 1, true, false);
    Squares squares = new Squares();

    ImageScore score =
        ImageScore.of(points, squares, labels(new int[] {2, 2, 12, 7, 1}), Optional.empty());

    assertThat(points.questions()).containsExactly("point", "click_1");
    assertThat(mean(score, 1, Measure.IOU)).isEqualTo(1);
    assertThat(squares.asked).hasSize(2);
    assertThat(score.nanos()).hasSize(2);
    assertThatThrownBy(() -> new PromptProtocol(1, 1, 1, false, false))
        .hasMessage("Invalid protocol: neither points nor boxes are asked");
  }

  @Test
  void aProtocolWithoutClicksOrPixelsIsRefused() {
    assertThat(clicks(2).questions()).containsExactly("point", "click_1", "click_2", "box");
    assertThatThrownBy(() -> clicks(0)).hasMessage("Invalid clicks: 0 (must be 1…20)");
    assertThatThrownBy(() -> new PromptProtocol(1, 0, 1, true, true))
        .hasMessageContaining("minArea 0 (must be ≥ 1)");
    assertThatThrownBy(() -> new PromptProtocol(1, 1, 0, true, true))
        .hasMessageContaining("maxArea 0.0 (must be > 0 and ≤ 1)");
  }
}
