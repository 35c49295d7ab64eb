package stillhouse.report;

import static org.assertj.core.api.Assertions.assertThat;

import java.awt.image.BufferedImage;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import stillhouse.data.ClassMask;
import stillhouse.data.RgbImage;
import stillhouse.data.Tile;

/**
 * A gray image of 40×40 of which the upper left quarter is shown, eleven panel pixels to one of
 * its.
 */
class ClickPanelsTest {
  private static final int SIDE = 40;
  private static final int GRAY = 0x808080;
  private static final int GREEN = 0x00c853;
  private static final int RED = 0xff1744;
  private static final Tile QUARTER = new Tile(0, 0, 20, 20);

  private static ClassMask square(int from, int to) {
    byte[] labels = new byte[SIDE * SIDE];
    for (int y = from; y < to; y++) {
      Arrays.fill(labels, y * SIDE + from, y * SIDE + to, (byte) 1);
    }
    return new ClassMask(SIDE, SIDE, labels);
  }

  private static ClickPanels panels() {
    byte[] rgb = new byte[3 * SIDE * SIDE];
    Arrays.fill(rgb, (byte) 0x80);
    return new ClickPanels(new RgbImage(SIDE, SIDE, rgb), square(4, 12), QUARTER);
  }

  /** In the middle of an image's pixel. */
  private static int at(BufferedImage panel, int x, int y) {
    return panel.getRGB(11 * x + 5, 11 * y + 5) & 0xffffff;
  }

  @Test
  void anAnswerIsColouredWithItsClicksOnIt() {
    List<ClickPanels.Dot> dots =
        List.of(new ClickPanels.Dot(8, 8, true), new ClickPanels.Dot(15, 3, false));

    BufferedImage panel = panels().answer(square(6, 10), 2, dots, Optional.empty());

    assertThat(List.of(panel.getWidth(), panel.getHeight())).containsExactly(220, 220);
    assertThat(at(panel, 8, 8)).isEqualTo(GREEN);
    assertThat(at(panel, 15, 3)).isEqualTo(RED);
    assertThat(at(panel, 6, 9)).isEqualTo(Palette.blend(GRAY, Palette.classColour(2), 0.5));
    assertThat(at(panel, 5, 9)).isEqualTo(GRAY);
  }

  @Test
  void theTruthIsAWhiteLineAndTheBoxAGreenOne() {
    BufferedImage object = panels().object();
    assertThat(object.getRGB(4 * 11, 8 * 11) & 0xffffff).isEqualTo(0xffffff);
    assertThat(object.getRGB(8 * 11, 8 * 11) & 0xffffff).isEqualTo(GRAY);

    Tile box = new Tile(2, 2, 16, 10);
    BufferedImage boxed = panels().answer(square(0, 0), 1, List.of(), Optional.of(box));
    assertThat(boxed.getRGB(2 * 11, 7 * 11) & 0xffffff).isEqualTo(GREEN);
    assertThat(boxed.getRGB(10 * 11, 12 * 11) & 0xffffff).isEqualTo(GREEN);
  }
}
