package stillhouse.predict;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import stillhouse.predict.Extremes.Image;

class ExtremesTest {
  private static List<Image> images(int count) {
    List<Image> images = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      images.add(new Image("s%03d".formatted(i), (i * 37 % 50) / 50.0)); // each score several times
    }
    return images;
  }

  @Test
  void keepsTheSameImagesHoweverTheyAreSharedOut() {
    List<Image> sorted = images(200).stream().sorted().toList();
    for (int seed = 0; seed < 20; seed++) {
      List<Image> shuffled = new ArrayList<>(images(200));
      Collections.shuffle(shuffled, new Random(seed));
      Extremes whole = new Extremes(3);
      for (int from = 0; from < 200; from += 40) {
        Extremes part = new Extremes(3);
        shuffled.subList(from, from + 40).forEach(part::add);
        whole.merge(part);
      }
      assertThat(whole.worst()).isEqualTo(sorted.subList(0, 3));
      assertThat(whole.best()).containsExactly(sorted.get(199), sorted.get(198), sorted.get(197));
    }
  }

  @Test
  void ofFewImagesAllAreBestAndWorst() {
    Extremes found = new Extremes(5);
    images(2).forEach(found::add);
    assertThat(found.best()).hasSize(2);
    assertThat(found.worst()).containsExactlyElementsOf(images(2));
  }

  /** An image that is alone in its part comes as its best and as its worst. */
  @Test
  void partsOfOneImageLoseNone() {
    for (int count = 1; count <= 3; count++) {
      Extremes all = new Extremes(count);
      for (double score : new double[] {0.5, 0.9, 0.1, 0.7, 0.3}) {
        all.merge(new Extremes(count).add(new Extremes.Image("at " + score, score)));
      }
      assertThat(all.worst())
          .extracting(Extremes.Image::score)
          .isEqualTo(List.of(0.1, 0.3, 0.5).subList(0, count));
      assertThat(all.best())
          .extracting(Extremes.Image::score)
          .isEqualTo(List.of(0.9, 0.7, 0.5).subList(0, count));
    }
  }
}
