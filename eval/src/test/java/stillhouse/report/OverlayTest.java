package stillhouse.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import stillhouse.data.ClassMask;
import stillhouse.data.RgbImage;
import stillhouse.tensor.FloatTensor;

class OverlayTest {
  private static final int WHITE = 0xffffff;

  private static RgbImage white(int width, int height) {
    byte[] rgb = new byte[3 * width * height];
    Arrays.fill(rgb, (byte) 255);
    return new RgbImage(width, height, rgb);
  }

  private static ClassMask mask(int width, int height, int... labels) {
    byte[] bytes = new byte[width * height];
    for (int i = 0; i < labels.length; i++) {
      bytes[i] = (byte) labels[i];
    }
    return new ClassMask(width, height, bytes);
  }

  private static int at(BufferedImage picture, int x, int y) {
    return picture.getRGB(x, y) & 0xffffff;
  }

  @Test
  void errorsAreColouredByTheirKind() {
    var predicted = mask(7, 1, 0, 1, 0, 2, 1, 1, 0);
    var actual = mask(7, 1, 0, 0, 1, 1, 1, 255, 0);
    BufferedImage errors = Overlay.errors(white(7, 1), predicted, actual);
    assertThat(at(errors, 1, 0)).isEqualTo(Palette.FALSE_ALARM);
    assertThat(at(errors, 2, 0)).isEqualTo(Palette.MISSED);
    assertThat(at(errors, 3, 0)).isEqualTo(Palette.WRONG_CLASS);
    int dimmed = Palette.blend(0, WHITE, 0.35);
    assertThat(at(errors, 0, 0)).isEqualTo(dimmed);
    assertThat(at(errors, 4, 0)).as("right").isEqualTo(dimmed);
    assertThat(at(errors, 5, 0)).as("ignored").isEqualTo(Palette.blend(dimmed, WHITE, 0.45));
  }

  @Test
  void errorsInsideNoBandArePaleAndBandsOfRightPixelsShow() {
    // 9×9, d = 1: the truth fills the image, the prediction lacks its middle 3×3.
    int[] all = new int[81];
    Arrays.fill(all, 1);
    int[] hollow = all.clone();
    for (int y = 3; y < 6; y++) {
      Arrays.fill(hollow, y * 9 + 3, y * 9 + 6, 0);
    }
    BufferedImage errors = Overlay.errors(white(9, 9), mask(9, 9, hollow), mask(9, 9, all));
    int dimmed = Palette.blend(0, WHITE, 0.35);
    assertThat(at(errors, 4, 4)).isEqualTo(Palette.blend(dimmed, Palette.MISSED, 0.45));
    assertThat(at(errors, 2, 4)).isEqualTo(Palette.blend(dimmed, Palette.EDGE_ONLY, 0.45));
    assertThat(at(errors, 0, 4)).isEqualTo(dimmed);
  }

  @Test
  void classesHaveTheirColourAndASolidEdge() {
    BufferedImage shown = Overlay.classes(white(5, 1), mask(5, 1, 1, 1, 1, 0, 255));
    assertThat(at(shown, 2, 0)).isEqualTo(Palette.classColour(1));
    assertThat(at(shown, 0, 0)).isEqualTo(Palette.blend(WHITE, Palette.classColour(1), 0.45));
    assertThat(at(shown, 3, 0)).isEqualTo(WHITE);
  }

  @Test
  void aSheetHoldsEveryRow() throws IOException {
    var truth = mask(40, 20, 1, 1, 2);
    var panels = Overlay.panels(white(40, 20), truth, List.of(truth, mask(40, 20)));
    assertThat(panels).hasSize(5);
    var names = List.of("scratch", "dent");
    var headers = List.of("image", "truth", "teacher", "student", "errors");
    byte[] one = ContactSheet.png(headers, List.of(new ContactSheet.Row("a", panels)), names);
    List<ContactSheet.Row> rows = new ArrayList<>();
    for (int i = 0; i < 3; i++) {
      rows.add(new ContactSheet.Row("sample " + i, panels));
    }
    BufferedImage sheet = decode(ContactSheet.png(headers, rows, names));
    assertThat(sheet.getWidth()).isEqualTo(8 + 5 * 228);
    assertThat(sheet.getHeight()).isEqualTo(decode(one).getHeight() + 2 * (18 + 100 + 8));
  }

  @Test
  void refusesWhatDoesNotFit() {
    assertThatThrownBy(() -> Overlay.classes(white(4, 4), mask(4, 5)))
        .hasMessage("Cannot draw a 4×5 mask over a 4×4 image");
    var row = new ContactSheet.Row("s1", List.of(Overlay.picture(white(4, 4))));
    assertThatThrownBy(() -> ContactSheet.png(List.of("a", "b"), List.of(row), List.of()))
        .hasMessage("Cannot draw row 's1': 1 panels under 2 headers [a, b]");
  }

  @Test
  void aHeatMapSpansItsOwnRange() throws IOException {
    var map = new FloatTensor(new int[] {1, 1, 3}, new float[] {-1, 0, 1});
    BufferedImage picture = decode(Heatmap.png(map, 4));
    assertThat(picture.getWidth()).isEqualTo(12);
    assertThat(at(picture, 3, 3)).isEqualTo(0x440154);
    assertThat(at(picture, 4, 0)).isEqualTo(0x21918c);
    assertThat(at(picture, 11, 0)).isEqualTo(0xfde725);
    var constant = new FloatTensor(new int[] {2, 2}, new float[] {7, 7, 7, 7});
    assertThat(at(Heatmap.picture(constant, 1), 1, 1)).isEqualTo(0x440154);
    var broken = new FloatTensor(new int[] {1, 2}, new float[] {0, Float.NaN});
    assertThatThrownBy(() -> Heatmap.picture(broken, 1)).hasMessageContaining("must be finite");
    assertThatThrownBy(() -> Heatmap.picture(map, 0)).hasMessageContaining("at 0 pixels a cell");
  }

  @Test
  void theSingleOverlayIsAPng() throws IOException {
    SplittableRandom random = new SplittableRandom(1);
    byte[] rgb = new byte[3 * 30 * 20];
    random.nextBytes(rgb);
    byte[] png = Overlay.png(new RgbImage(30, 20, rgb), mask(30, 20, 1), mask(30, 20, 2));
    assertThat(decode(png).getWidth()).isEqualTo(8 + 4 * 228);
  }

  private static BufferedImage decode(byte[] png) throws IOException {
    return ImageIO.read(new ByteArrayInputStream(png));
  }
}
