package stillhouse.teacher;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import stillhouse.tensor.FloatTensor;

class MaskSelectionTest {
  private static final MaskSelection SELECTION = new MaskSelection(3, 0.5, 0.4, 0.5);

  @Test
  void keepsTheBestOfEachObjectAndNoBackground() {
    Map<Prompt, MaskAnswer> said =
        Map.of(
            point(0), answer("##......", 0.7f),
            point(1), answer("##......", 0.9f),
            point(2), answer("###.....", 0.8f), // IoU 2/3 with point 1's: the same object
            point(3), answer("...##...", 0.6f),
            point(4), answer("########", 0.99f), // over half of the image
            point(5), answer("........", 0.95f), // nothing
            point(6), answer(".......#", 0.39f), // not sure enough
            point(7), answer("......##", 0.5f),
            point(8), answer(".....#..", 0.45f)); // a fourth

    List<MaskSelection.Kept> kept = SELECTION.of(points(9), said::get);

    assertThat(kept)
        .extracting(MaskSelection.Kept::prompt)
        .containsExactly(point(1), point(3), point(7));
    assertThat(kept.get(0).answer()).isSameAs(said.get(point(1)));
  }

  @Test
  void ofEqualPredictionsTheEarlierPromptIsKept() {
    assertThat(SELECTION.of(points(2), p -> answer("##......", 0.5f)))
        .extracting(MaskSelection.Kept::prompt)
        .containsExactly(point(0));
    assertThat(SELECTION.of(List.of(), p -> null)).isEmpty();
  }

  /** The worst of a hundred come last, so what is kept last was let go first. */
  @Test
  void asksAgainOnlyForWhatItKeepsAndNoLongerHolds() {
    List<Prompt> asked = new ArrayList<>();
    MaskSelection generous = new MaskSelection(70, 0.5, 0, 1);

    List<MaskSelection.Kept> kept =
        generous.of(
            points(100),
            prompt -> {
              asked.add(prompt);
              int i = (int) ((Prompt.Point) prompt).x();
              float[] logits = new float[100];
              logits[i] = 1;
              return new MaskAnswer(new FloatTensor(new int[] {10, 10}, logits), 1 - i / 200f);
            });

    assertThat(kept).extracting(MaskSelection.Kept::prompt).containsExactlyElementsOf(points(70));
    assertThat(kept)
        .allSatisfy(
            k ->
                assertThat(k.answer().logits().data()[(int) ((Prompt.Point) k.prompt()).x()])
                    .isOne());
    assertThat(asked).as("64 are held").hasSize(100 + 70 - 64);
  }

  @Property(tries = 200)
  void whatIsDroppedOverlapsABetterOneOrHasNoPlace(
      @ForAll @IntRange(min = 1, max = 12) int prompts,
      @ForAll @IntRange(min = 1, max = 5) int keep,
      @ForAll long seed) {
    Random random = new Random(seed);
    List<MaskAnswer> said =
        IntStream.range(0, prompts)
            .mapToObj(i -> answer(drawn(random), random.nextInt(5) / 5f))
            .toList();
    MaskSelection selection = new MaskSelection(keep, 0.4, 0.2, 0.75);

    List<MaskSelection.Kept> kept =
        selection.of(points(prompts), p -> said.get((int) ((Prompt.Point) p).x()));

    assertThat(kept.size()).isLessThanOrEqualTo(keep);
    for (int i = 0; i < prompts; i++) {
      MaskAnswer answer = said.get(i);
      boolean isKept = kept.stream().anyMatch(k -> k.answer() == answer);
      boolean allowed = answer.predictedIou() >= 0.2f && area(answer) > 0 && area(answer) <= 6;
      boolean taken =
          kept.stream()
              .filter(k -> k.answer() != answer)
              .anyMatch(
                  k ->
                      k.answer().predictedIou() >= answer.predictedIou()
                          && iou(k.answer(), answer) >= 0.4);
      boolean full =
          kept.size() == keep
              && kept.stream().allMatch(k -> k.answer().predictedIou() >= answer.predictedIou());
      assertThat(isKept ? allowed && !taken : !allowed || taken || full).isTrue();
    }
  }

  @Test
  void refusesBoundsThatMeanNothing() {
    assertThatThrownBy(() -> new MaskSelection(0, 0.7, 0.5, 0.5))
        .hasMessageStartingWith("Invalid selection: keep 0 (must be > 0)");
    assertThatThrownBy(() -> new MaskSelection(1, 1.5, 0.5, Double.NaN))
        .hasMessageEndingWith("overlap 1.5, minIou 0.5, maxArea NaN (must be 0…1)");
    assertThatThrownBy(
            () ->
                BitMask.positive(answer("#", 1).logits())
                    .iou(BitMask.positive(answer("##", 1).logits())))
        .hasMessage("Invalid masks: 1 and 2 cells (must be equal)");
  }

  @Test
  void twoEmptyMasksAreEqual() {
    BitMask empty = BitMask.positive(answer("....", 1).logits());
    assertThat(empty.iou(empty)).isOne();
    assertThat(empty.iou(BitMask.positive(answer(".#..", 1).logits()))).isZero();
  }

  private static String drawn(Random random) {
    StringBuilder mask = new StringBuilder();
    for (int i = 0; i < 8; i++) {
      mask.append(random.nextInt(3) == 0 ? '#' : '.');
    }
    return mask.toString();
  }

  private static int area(MaskAnswer answer) {
    return BitMask.positive(answer.logits()).area();
  }

  private static double iou(MaskAnswer a, MaskAnswer b) {
    int both = 0;
    int either = 0;
    for (int i = 0; i < a.logits().data().length; i++) {
      boolean inA = a.logits().data()[i] > 0;
      boolean inB = b.logits().data()[i] > 0;
      both += inA && inB ? 1 : 0;
      either += inA || inB ? 1 : 0;
    }
    return (double) both / either;
  }

  private static List<Prompt> points(int count) {
    return IntStream.range(0, count).mapToObj(MaskSelectionTest::point).toList();
  }

  private static Prompt point(int x) {
    return new Prompt.Point(1, x, 0, true);
  }

  /** A # is a positive logit. */
  private static MaskAnswer answer(String mask, float iou) {
    float[] logits = new float[mask.length()];
    for (int i = 0; i < logits.length; i++) {
      logits[i] = mask.charAt(i) == '#' ? 2 : -2;
    }
    return new MaskAnswer(new FloatTensor(new int[] {1, logits.length}, logits), iou);
  }
}
