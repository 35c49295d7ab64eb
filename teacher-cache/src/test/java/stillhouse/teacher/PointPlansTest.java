package stillhouse.teacher;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static stillhouse.teacher.LabelledImages.image;
import static stillhouse.teacher.LabelledImages.mask;

import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import stillhouse.data.ClassMask;
import stillhouse.data.RgbImage;

/** A grid, the saliency pass, points of labels, and one plan in another's stead. */
class PointPlansTest {
  private static final MaskSelection SELECTION = new MaskSelection(4, 0.7, 0.5, 0.5);
  private static final PromptPlan GRID = new PointGrid(2, 3, 1, SELECTION);

  @Test
  void gridPointsLieInTheMiddleOfEqualCells() {
    assertThat(GRID.prompts(image(12, 8, Optional.empty())))
        .containsExactly(
            new Prompt.Point(1, 2, 2, true),
            new Prompt.Point(1, 6, 2, true),
            new Prompt.Point(1, 10, 2, true),
            new Prompt.Point(1, 2, 6, true),
            new Prompt.Point(1, 6, 6, true),
            new Prompt.Point(1, 10, 6, true));
    assertThat(GRID.selection(image(12, 8, Optional.empty()))).contains(SELECTION);
  }

  @Test
  void salientPointsAreAskedWithTheirClass() {
    byte[] rgb = new byte[3 * 40 * 40];
    for (int y = 20; y < 25; y++) {
      for (int i = 3 * (40 * y + 8); i < 3 * (40 * y + 13); i++) {
        rgb[i] = 100;
      }
    }
    var image = new PromptedImage(40, 40, Optional.empty(), () -> new RgbImage(40, 40, rgb));

    assertThat(new SaliencyPoints(5, 3, SELECTION).prompts(image))
        .containsExactly(new Prompt.Point(3, 10.5f, 22.5f, true));
    var other = new PromptedImage(41, 40, Optional.empty(), () -> new RgbImage(40, 40, rgb));
    assertThatThrownBy(() -> new SaliencyPoints(5, 3, SELECTION).prompts(other))
        .hasMessage("Invalid picture: 40×40 for a sample of 41×40");
  }

  @Test
  void labelPointsLieInsideTheirObjects() {
    ClassMask mask =
        mask(
            "222.....", //
            "2.......",
            "222..111",
            "x....111",
            ".....111");

    assertThat(new LabelPoints(2, 9, 0.5).prompts(image(8, 5, Optional.of(mask))))
        .as("the box of the bent object has its middle beside it")
        .containsExactly(
            new Prompt.Point(1, 6.5f, 3.5f, true), new Prompt.Point(2, 0.5f, 0.5f, true));
    assertThat(new LabelPoints(8, 9, 0.5).prompts(image(8, 5, Optional.of(mask)))).hasSize(1);
    assertThat(new LabelPoints(1, 1, 0.5).prompts(image(8, 5, Optional.of(mask)))).hasSize(1);
    assertThat(new LabelPoints(1, 1, 0.5).prompts(image(8, 5, Optional.empty()))).isEmpty();
    assertThatThrownBy(() -> new LabelPoints(1, 1, 0.5).prompts(image(9, 5, Optional.of(mask))))
        .hasMessage("Invalid labels: 8×5 for an image of 9×5");
  }

  @Test
  void unlabelledImagesAreAskedTheOtherPlan() {
    PromptPlan plan = new FallbackPlan(new LabelBoxes(1, 9), GRID);
    PromptedImage labelled = image(2, 1, Optional.of(mask(".1")));
    PromptedImage faultless = image(2, 1, Optional.of(mask("..")));
    PromptedImage unlabelled = image(2, 1, Optional.empty());

    assertThat(plan.prompts(labelled)).containsExactly(new Prompt.Box(1, 1, 0, 2, 1));
    assertThat(plan.selection(labelled)).isEmpty();
    assertThat(plan.prompts(faultless)).as("its labels say that there is nothing").isEmpty();
    assertThat(plan.prompts(unlabelled)).hasSize(6);
    assertThat(plan.selection(unlabelled)).contains(SELECTION);
    assertThat(plan.most(labelled)).isEqualTo(1);
    assertThat(plan.most(unlabelled)).isEqualTo(6);
    assertThat(new SaliencyPoints(9, 1, SELECTION).most(unlabelled)).isEqualTo(9);
  }

  @Test
  void saysWhatLabelsGaveAway() {
    PromptPlan boxes = new LabelBoxes(1, 9);

    assertThat(boxes.supervision()).contains("box supervision");
    assertThat(new LabelPoints(1, 9, 0.5).supervision()).contains("point supervision");
    assertThat(new FallbackPlan(boxes, GRID).supervision()).contains("box supervision");
    assertThat(GRID.supervision()).isEmpty();
    assertThat(GRID.readsLabels()).isFalse();
    assertThat(new SaliencyPoints(9, 1, SELECTION).supervision()).isEmpty();
    assertThat(new SaliencyPoints(9, 1, SELECTION).readsLabels()).isFalse();
    assertThat(boxes.readsLabels()).isTrue();
  }

  @Test
  void everyParameterIsInTheFingerprint() {
    PromptPlan boxes = new LabelBoxes(1, 2);
    List<PromptPlan> plans =
        List.of(
            GRID,
            new PointGrid(3, 2, 1, SELECTION),
            new PointGrid(2, 3, 2, SELECTION),
            new PointGrid(2, 3, 1, new MaskSelection(5, 0.7, 0.5, 0.5)),
            new PointGrid(2, 3, 1, new MaskSelection(4, 0.6, 0.5, 0.5)),
            new PointGrid(2, 3, 1, new MaskSelection(4, 0.7, 0.4, 0.5)),
            new PointGrid(2, 3, 1, new MaskSelection(4, 0.7, 0.5, 0.4)),
            new SaliencyPoints(6, 1, SELECTION),
            new SaliencyPoints(7, 1, SELECTION),
            new SaliencyPoints(6, 2, SELECTION),
            boxes,
            new LabelPoints(1, 2, 0.5),
            new LabelPoints(2, 1, 0.5),
            new LabelPoints(2, 1, 0.4),
            new FallbackPlan(boxes, GRID),
            new FallbackPlan(GRID, boxes));

    assertThat(plans.stream().map(PromptPlan::fingerprint)).doesNotHaveDuplicates();
    assertThat(new PointGrid(2, 3, 1, SELECTION).fingerprint()).isEqualTo(GRID.fingerprint());
  }

  @Test
  void refusesPlansOfNothing() {
    assertThatThrownBy(() -> new PointGrid(0, 3, 1, SELECTION))
        .hasMessage("Invalid grid: 0 rows × 3 columns (both must be > 0)");
    assertThatThrownBy(() -> new SaliencyPoints(0, 1, SELECTION))
        .hasMessage("Invalid saliency points: 0 (must be > 0)");
    assertThatThrownBy(() -> new LabelPoints(1, 0, 0.5))
        .hasMessage("Invalid label points: minArea 1, maxPrompts 0 (both must be > 0)");
    assertThatThrownBy(() -> new LabelPoints(1, 1, 0))
        .hasMessage("Invalid label points: maxArea 0.0 (must be > 0 and <= 1)");
  }
}
