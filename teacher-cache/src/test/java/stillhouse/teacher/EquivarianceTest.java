package stillhouse.teacher;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import stillhouse.data.Images;
import stillhouse.data.RgbImage;
import stillhouse.data.View;
import stillhouse.identity.Sha256;
import stillhouse.teacher.Equivariance.Figure;
import stillhouse.teacher.Equivariance.Measure;
import stillhouse.tensor.FloatTensor;

class EquivarianceTest {
  /** Red levels 0 8 over 6 0. */
  private static final RgbImage IMAGE =
      new RgbImage(2, 2, new byte[] {0, 0, 0, 8, 0, 0, 6, 0, 0, 0, 0, 0});

  /**
   * The red plane, with {@code bias} added to the first column: what a position embedding does.
   * Asked with a box, it answers that plane where the box is, −1 elsewhere.
   */
  private record Columns(float bias, boolean promptable) implements Teacher {
    @Override
    public TeacherSpec spec() {
      Sha256 digest = Sha256.of("columns".getBytes(StandardCharsets.UTF_8));
      List<String> layers = promptable ? List.of("embedding") : List.of("embedding", LOGITS);
      return new TeacherSpec("columns", digest, digest, digest, layers, "embedding", promptable, 1);
    }

    @Override
    public List<Map<String, FloatTensor>> encode(List<RgbImage> images) {
      return images.stream().map(this::features).toList();
    }

    private Map<String, FloatTensor> features(RgbImage image) {
      int area = image.width() * image.height();
      float[] red = java.util.Arrays.copyOf(Images.levels(image).data(), area);
      for (int y = 0; y < image.height(); y++) {
        red[y * image.width()] += bias;
      }
      int[] shape = {1, image.height(), image.width()};
      return Map.of("embedding", new FloatTensor(shape, red), LOGITS, new FloatTensor(shape, red));
    }

    @Override
    public MaskAnswer decode(
        Map<String, FloatTensor> features, int width, int height, Prompt prompt) {
      var box = (Prompt.Box) prompt;
      float[] plane = features.get("embedding").data();
      float[] logits = new float[plane.length];
      for (int i = 0; i < logits.length; i++) {
        int x = i % width;
        int y = i / width;
        boolean inside = x >= box.x0() && x < box.x1() && y >= box.y0() && y < box.y1();
        logits[i] = inside ? plane[i] : -1;
      }
      return new MaskAnswer(new FloatTensor(new int[] {height, width}, logits), 1);
    }

    @Override
    public void close() {}
  }

  @Test
  void aTeacherOfSinglePixelsIsEquivariant() {
    List<Figure> figures =
        Equivariance.of(new Columns(0, false), IMAGE, List.of(), List.of(View.values()));
    assertThat(figures).hasSize(8 * (2 + 3));
    for (Figure figure : figures) {
      assertThat(figure.value())
          .as("%s", figure)
          .isCloseTo(figure.measure() == Measure.RELATIVE_ERROR ? 0 : 1, within(1e-12));
    }
  }

  /**
   * Of the image 2 8 / 8 0; its mirror 8 2 / 0 8. Of the mirrored image 8 0 / 0 6 with the bias: 10
   * 0 / 2 6. Product 80 + 0 + 0 + 48 = 128 over √132 √140; error √(4 + 4 + 4 + 4) over √132; of
   * four pixels 8 2 8 and 10 2 6 are masks, one and two of their own.
   */
  @Test
  void aTeacherThatKnowsLeftFromRightIsNot() {
    List<Figure> figures =
        Equivariance.of(new Columns(2, false), IMAGE, List.of(), List.of(View.FLIP_HORIZONTAL));
    assertThat(value(figures, Teacher.LOGITS, Measure.COSINE))
        .isCloseTo(128 / Math.sqrt(132 * 140), within(1e-12));
    assertThat(value(figures, Teacher.LOGITS, Measure.RELATIVE_ERROR))
        .isCloseTo(4 / Math.sqrt(132), within(1e-12));
    assertThat(value(figures, Teacher.LOGITS, Measure.MASK_IOU)).isEqualTo(0.5);
    assertThat(figures)
        .extracting(Figure::map)
        .containsExactly("embedding", "embedding", "logits", "logits", "logits");
    List<Figure> upended =
        Equivariance.of(new Columns(2, false), IMAGE, List.of(), List.of(View.FLIP_VERTICAL));
    assertThat(value(upended, Teacher.LOGITS, Measure.RELATIVE_ERROR)).isZero();
  }

  @Test
  void aPromptableTeacherIsAskedAboutTheSameObject() {
    List<Prompt> box = List.of(new Prompt.Box(1, 1, 0, 2, 1));
    List<Figure> figures =
        Equivariance.of(new Columns(0, true), IMAGE, box, List.of(View.TURN_90, View.TRANSPOSE));
    assertThat(figures).hasSize(2 * (2 + 3));
    assertThat(value(figures, Teacher.LOGITS, Measure.COSINE)).isCloseTo(1, within(1e-12));
    assertThat(value(figures, Teacher.LOGITS, Measure.MASK_IOU)).isEqualTo(1);
    assertThat(Equivariance.of(new Columns(0, true), IMAGE, List.of(), List.of(View.TURN_90)))
        .extracting(Figure::map)
        .containsOnly("embedding");
  }

  private static double value(List<Figure> figures, String map, Measure measure) {
    return figures.stream()
        .filter(f -> f.map().equals(map) && f.measure() == measure)
        .findFirst()
        .orElseThrow()
        .value();
  }

  @Test
  void refusesAViewOnAnotherGrid() {
    var wide =
        new Teacher() {
          @Override
          public TeacherSpec spec() {
            return new Columns(0, true).spec();
          }

          @Override
          public List<Map<String, FloatTensor>> encode(List<RgbImage> images) {
            return List.of(Map.of("embedding", Images.planes(images.get(0), 2, 4)));
          }

          @Override
          public MaskAnswer decode(
              Map<String, FloatTensor> features, int width, int height, Prompt prompt) {
            throw new UnsupportedOperationException("asked nothing");
          }

          @Override
          public void close() {}
        };
    assertThatThrownBy(() -> Equivariance.of(wide, IMAGE, List.of(), List.of(View.TURN_90)))
        .hasMessageStartingWith(
            "Cannot measure view turn-90 of teacher columns: layer embedding is FloatTensor[3, 2,"
                + " 4]")
        .hasMessageEndingWith("leave the views out that swap the sides.");
  }
}
