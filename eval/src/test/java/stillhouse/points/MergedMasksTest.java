package stillhouse.points;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import stillhouse.teacher.BitMask;
import stillhouse.teacher.MaskAnswer;
import stillhouse.tensor.FloatTensor;

class MergedMasksTest {
  private static final PointSettings SETTINGS = new PointSettings(16, 0.5, 0.3, 0.5, 0.9);

  /** Logits 4 where {@code #} stands, −6 elsewhere. */
  private static MaskAnswer answer(double iou, String... rows) {
    String cells = String.join("", rows);
    float[] logits = new float[cells.length()];
    for (int i = 0; i < logits.length; i++) {
      logits[i] = cells.charAt(i) == '#' ? 4 : -6;
    }
    return new MaskAnswer(
        new FloatTensor(new int[] {rows.length, rows[0].length()}, logits), (float) iou);
  }

  /** The left half of a 2×4 image is of class 0, the right one of class 1. */
  private static FloatTensor halves() {
    return new FloatTensor(
        new int[] {2, 2, 4}, new float[] {3, 3, -3, -3, 3, 3, -3, -3, -3, -3, 3, 3, -3, -3, 3, 3});
  }

  /**
   * The second is the first again (IoU ½), the third too unsure; of the fourth's cells one lies
   * left and two right.
   */
  @Test
  void eachKeptMaskIsOfTheClassUnderIt() {
    List<MaskAnswer> answers =
        List.of(
            answer(0.8, "##..", "...."),
            answer(0.7, "#...", "...."),
            answer(0.2, "....", "##.."),
            answer(0.9, "....", ".###"));

    assertThat(MergedMasks.kept(answers, SETTINGS)).containsExactly(3, 0);
    assertThat(MergedMasks.of(answers, halves(), SETTINGS).data())
        .containsExactly(4, 4, -6, -6, -6, -6, -6, -6, -6, -6, -6, -6, -6, 4, 4, 4);
  }

  @Test
  void whereNothingIsKeptNothingIsThere() {
    float[] nothing = new float[16];
    Arrays.fill(nothing, MergedMasks.NOTHING);

    assertThat(MergedMasks.of(List.of(), halves(), SETTINGS).data()).containsExactly(nothing);
    List<MaskAnswer> useless =
        List.of(
            answer(0.9, "....", "...."), answer(0.95, "####", "####"), answer(0.1, "#...", "...."));
    assertThat(MergedMasks.of(useless, halves(), SETTINGS).data()).containsExactly(nothing);
  }

  /** A class without a mask of its own is −10 and not the other class's −6. */
  @Test
  void masksHalfAsFineAreBroughtToTheLogitsSize() {
    FloatTensor merged = MergedMasks.of(List.of(answer(0.9, "#.")), halves(), SETTINGS);

    assertThat(merged.shape()).containsExactly(2, 2, 4);
    assertThat(merged.data()).startsWith(4, 1.5f, -3.5f, -6).endsWith(-10, -10, -10, -10);
  }

  @Test
  void ofEqualClassesAndPredictionsTheFirstIsTaken() {
    FloatTensor even = new FloatTensor(new int[] {2, 1, 2}, new float[] {1, 1, 1, 1});
    List<MaskAnswer> twice = List.of(answer(0.5, "#."), answer(0.5, "#."));

    assertThat(MergedMasks.kept(twice, SETTINGS)).containsExactly(0);
    assertThat(MergedMasks.of(twice, even, SETTINGS).data()).containsExactly(4, -6, -10, -10);
  }

  @Property(tries = 200)
  void survivorsAreApartTheSameAgainAndWhateverTheOrder(
      @ForAll @IntRange(min = 1, max = 14) int count, @ForAll long seed) {
    Random random = new Random(seed);
    List<MaskAnswer> answers = new ArrayList<>();
    List<Integer> ranks = new ArrayList<>(IntStream.range(0, count).boxed().toList());
    Collections.shuffle(ranks, random); // distinct scores
    for (int i = 0; i < count; i++) {
      answers.add(answer(0.2 + 0.05 * ranks.get(i), drawn(random), drawn(random)));
    }

    List<MaskAnswer> kept = kept(answers);

    for (MaskAnswer one : kept) {
      for (MaskAnswer other : kept) {
        assertThat(one == other || bits(one).iou(bits(other)) < SETTINGS.overlap()).isTrue();
      }
    }
    assertThat(kept(kept)).isEqualTo(kept);
    List<MaskAnswer> others = new ArrayList<>(answers);
    Collections.shuffle(others, random);
    assertThat(kept(others)).isEqualTo(kept);
  }

  private static List<MaskAnswer> kept(List<MaskAnswer> answers) {
    return Arrays.stream(MergedMasks.kept(answers, SETTINGS)).mapToObj(answers::get).toList();
  }

  private static BitMask bits(MaskAnswer answer) {
    return BitMask.positive(answer.logits());
  }

  private static String drawn(Random random) {
    StringBuilder row = new StringBuilder();
    for (int i = 0; i < 5; i++) {
      row.append(random.nextInt(2) == 0 ? '#' : '.');
    }
    return row.toString();
  }
}
