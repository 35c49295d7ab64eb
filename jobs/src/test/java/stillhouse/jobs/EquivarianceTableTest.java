package stillhouse.jobs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import stillhouse.data.View;
import stillhouse.teacher.Equivariance.Figure;
import stillhouse.teacher.Equivariance.Measure;

class EquivarianceTableTest {
  /** 21 images, image i with cosine 1 − i/1000 in one view and 1 in the other. */
  private static EquivarianceTable table(double derivable) {
    List<List<Figure>> images = new ArrayList<>();
    for (int i = 0; i <= 20; i++) {
      images.add(
          List.of(
              new Figure(View.TURN_180, "embedding", Measure.COSINE, 1),
              new Figure(View.TURN_180, "embedding", Measure.RELATIVE_ERROR, 0),
              new Figure(View.FLIP_VERTICAL, "embedding", Measure.COSINE, 1 - i / 1000.0),
              new Figure(View.FLIP_VERTICAL, "embedding", Measure.RELATIVE_ERROR, i / 10.0)));
    }
    return EquivarianceTable.of(images, derivable);
  }

  @Test
  void theWorstTwentiethIsAtTheBadEndOfEachMeasure() {
    var flip = table(0.9).lines().get(0);
    assertThat(flip.view()).isEqualTo(View.FLIP_VERTICAL);
    assertThat(flip.spreads().get(Measure.COSINE).mean()).isCloseTo(0.99, within(1e-12));
    assertThat(flip.spreads().get(Measure.COSINE).worst()).isCloseTo(0.981, within(1e-12));
    assertThat(flip.spreads().get(Measure.RELATIVE_ERROR).worst()).isCloseTo(1.9, within(1e-12));
  }

  @Test
  void aViewIsDerivableWhereNineteenImagesInTwentyAreNearEnough() {
    assertThat(table(0.999).derivableViews()).containsExactly(View.TURN_180);
    assertThat(table(0.98).derivableViews()).containsExactly(View.FLIP_VERTICAL, View.TURN_180);
    assertThat(table(0.999).text())
        .contains("21 images")
        .contains("flip-vertical    embedding      0.9900   0.9810     1.0000   1.9000")
        .endsWith("Derivable (cosine >= 0.999 in 95 % of the images, every map): [turn-180]");
    assertThat(table(0.999).toMap("plates", BrightTeacher.named("b").spec()))
        .containsEntry("images", 21)
        .containsEntry("teacher", "b")
        .containsEntry("derivable", List.of("turn-180"))
        .extracting("maps")
        .asList()
        .first()
        .asInstanceOf(org.assertj.core.api.InstanceOfAssertFactories.MAP)
        .containsAllEntriesOf(Map.of("view", "flip-vertical", "map", "embedding"));
  }
}
