package stillhouse.prompts;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.stream.StreamSupport;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import stillhouse.data.ClassMask;
import stillhouse.teacher.Prompt;

class ClickSimulatorTest {
  private final ClickSimulator simulator = new ClickSimulator();

  /** {@code #} is the object, {@code ?} is ignored. */
  private static ClassMask mask(String... rows) {
    int width = rows[0].length();
    byte[] labels = new byte[width * rows.length];
    for (int i = 0; i < labels.length; i++) {
      char c = rows[i / width].charAt(i % width);
      labels[i] = (byte) (c == '?' ? ClassMask.IGNORE : c == '#' ? 1 : 0);
    }
    return new ClassMask(width, rows.length, labels);
  }

  private Optional<Click> next(String[] truth, String... predicted) {
    return simulator.next(mask(truth), mask(predicted));
  }

  @Test
  void theFirstClickIsThePixelFarthestFromTheEdge() {
    ClassMask object =
        mask(
            ".......", //
            ".#####.", ".#####.", ".#####.", ".##....");
    assertThat(simulator.first(object)).contains(new Click(2, 2, true));
    assertThat(simulator.first(mask("...", "..."))).isEmpty();
  }

  /**
   * Missed: three by three, whose middle is 2 from its edge. False: five pixels in a row and so 1
   * from theirs, more of them though they were.
   */
  @Test
  void aLargerDiscIsALargerError() {
    String[] truth = {"###......", "###......", "###......", "........."};
    assertThat(next(truth, "....#####", "....#####", ".........", "........."))
        .contains(new Click(1, 1, true));
    assertThat(next(truth, "###......", "###......", "###......", "....#####"))
        .contains(new Click(4, 3, false));
  }

  @Test
  void ofEqualErrorsTheFalseOneIsClickedAndOfEqualPixelsTheFirst() {
    String[] truth = {"##....", "##....", "......"};
    assertThat(next(truth, "....##", "....##", "......")).contains(new Click(4, 0, false));
  }

  @Test
  void theImagesBorderIsAnEdge() {
    assertThat(simulator.first(mask("#####", "#####", "#####"))).contains(new Click(1, 1, true));
  }

  @Test
  void ignoredPixelsAreNoError() {
    String[] truth = {"?????..", "?????..", "?????..", "......#"};
    assertThat(next(truth, "###....", "###....", "###....", "......."))
        .contains(new Click(6, 3, true));
    assertThat(next(truth, "###....", "###....", "###....", "......#")).isEmpty();
  }

  @Test
  void aClickLiesInTheMiddleOfItsPixel() {
    assertThat(new Click(3, 5, false).point(2)).isEqualTo(new Prompt.Point(2, 3.5f, 5.5f, false));
  }

  @Test
  void masksOfTwoSizesAreRefused() {
    assertThatThrownBy(() -> next(new String[] {"##"}, "#"))
        .hasMessage("Invalid masks: truth of 2×1, prediction of 1×1 (must be of one size)");
  }

  /** A click lies on a wrong pixel, of the kind that it names, and no wrong pixel is deeper. */
  @Property(tries = 200)
  void aClickIsTheDeepestWrongPixel(
      @ForAll long seed,
      @ForAll @IntRange(min = 1, max = 14) int width,
      @ForAll @IntRange(min = 1, max = 11) int height) {
    SplittableRandom random = new SplittableRandom(seed);
    ClassMask truth = drawn(random, width, height);
    ClassMask predicted = drawn(random, width, height);

    Optional<Click> click = simulator.next(truth, predicted);

    long most = 0;
    for (int y = 0; y < height; y++) {
      for (int x = 0; x < width; x++) {
        most =
            Math.max(
                most, Math.max(depth(truth, predicted, x, y, 1), depth(truth, predicted, x, y, 0)));
      }
    }
    assertThat(click.isPresent()).isEqualTo(most > 0);
    if (most > 0) {
      Click made = click.get();
      assertThat(depth(truth, predicted, made.x(), made.y(), made.foreground() ? 1 : 0))
          .isEqualTo(most);
    }
    assertThat(simulator.next(truth, truth)).isEmpty();
  }

  /**
   * The squared distance to the nearest pixel that is not wrong in this way, by looking at all.
   *
   * @param label 1 for missed pixels, 0 for false ones
   */
  private static long depth(ClassMask truth, ClassMask predicted, int x, int y, int label) {
    if (!wrong(truth, predicted, x, y, label)) {
      return 0;
    }
    long least = Long.MAX_VALUE;
    for (int v = -1; v <= truth.height(); v++) {
      for (int u = -1; u <= truth.width(); u++) {
        if (!wrong(truth, predicted, u, v, label)) {
          least = Math.min(least, (long) (u - x) * (u - x) + (long) (v - y) * (v - y));
        }
      }
    }
    return least;
  }

  private static boolean wrong(ClassMask truth, ClassMask predicted, int x, int y, int label) {
    boolean within = x >= 0 && x < truth.width() && y >= 0 && y < truth.height();
    return within && truth.at(x, y) == label && predicted.at(x, y) == 1 - label;
  }

  private static ClassMask drawn(SplittableRandom random, int width, int height) {
    double share = random.nextDouble();
    byte[] labels = new byte[width * height];
    for (int i = 0; i < labels.length; i++) {
      boolean ignored = random.nextInt(40) == 0;
      labels[i] = (byte) (ignored ? ClassMask.IGNORE : random.nextDouble() < share ? 1 : 0);
    }
    return new ClassMask(width, height, labels);
  }

  /** RITM's and SAM 2's rule by SciPy's distance transform: clicks.py. */
  @Test
  void clicksWhereThePublishedRuleDoes() throws IOException {
    JsonNode cases =
        new ObjectMapper().readTree(ClickSimulatorTest.class.getResource("/reference/clicks.json"));
    assertThat(cases).hasSize(40);
    for (JsonNode one : cases) {
      JsonNode click = one.get("click");
      assertThat(next(rows(one.get("truth")), rows(one.get("predicted"))))
          .as("%s", one.get("truth"))
          .isEqualTo(
              click.isNull()
                  ? Optional.empty()
                  : Optional.of(
                      new Click(
                          click.get(0).asInt(), click.get(1).asInt(), click.get(2).asBoolean())));
    }
  }

  private static String[] rows(JsonNode rows) {
    return StreamSupport.stream(rows.spliterator(), false)
        .map(JsonNode::asText)
        .toArray(String[]::new);
  }
}
