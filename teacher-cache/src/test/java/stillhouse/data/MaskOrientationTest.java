package stillhouse.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Optional;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class MaskOrientationTest {
  private static final Optional<MaskOrientation> SILENT = Optional.empty();

  /** 2 wide, 3 high as stored; a picture of the same numbers in each channel. */
  private static final byte[] STORED = {1, 2, 3, 4, 5, 6};

  @Test
  void turnsEachOrientationAsItsTagSays() {
    // Row 0 of TIFF 6.0's table: where the stored first row and first column come to lie.
    byte[][] upright = {
      {1, 2, 3, 4, 5, 6}, // top, left
      {2, 1, 4, 3, 6, 5}, // top, right
      {6, 5, 4, 3, 2, 1}, // bottom, right
      {5, 6, 3, 4, 1, 2}, // bottom, left
      {1, 3, 5, 2, 4, 6}, // left, top
      {5, 3, 1, 6, 4, 2}, // right, top
      {6, 4, 2, 5, 3, 1}, // right, bottom
      {2, 4, 6, 1, 3, 5}, // left, bottom
    };
    for (int tag = 1; tag <= 8; tag++) {
      ClassMask turned = Orientation.of(tag).upright(new ClassMask(2, 3, STORED));
      assertThat(turned.classes()).as("orientation %d", tag).isEqualTo(upright[tag - 1]);
      assertThat(turned.width()).isEqualTo(tag < 5 ? 2 : 3);
    }
    assertThat(Orientation.of(0)).isEqualTo(Orientation.of(9)).isEqualTo(Orientation.UPRIGHT);
  }

  @Property(tries = 50)
  void aMaskTurnsWithItsPicture(
      @ForAll @IntRange(min = 1, max = 9) int width,
      @ForAll @IntRange(min = 1, max = 9) int height,
      @ForAll @IntRange(min = 1, max = 8) int tag,
      @ForAll long seed) {
    byte[] classes = new byte[width * height];
    new Random(seed).nextBytes(classes);
    byte[] rgb = new byte[3 * classes.length];
    for (int i = 0; i < rgb.length; i++) {
      rgb[i] = classes[i / 3];
    }
    Orientation orientation = Orientation.of(tag);
    RgbImage picture = orientation.upright(new RgbImage(width, height, rgb));
    ClassMask mask = orientation.upright(new ClassMask(width, height, classes));
    assertThat(picture.width()).isEqualTo(mask.width());
    for (int i = 0; i < classes.length; i++) {
      assertThat(mask.classes()[i])
          .isEqualTo(picture.rgb()[3 * i])
          .isEqualTo(picture.rgb()[3 * i + 2]);
    }
  }

  @Test
  void theMasksSizeTellsWhichPixelsItIsOf() {
    Picture turned = turned(6, 2, 3); // stands 3 wide, 2 high
    ClassMask asStored = new ClassMask(2, 3, STORED);
    ClassMask asShown = new ClassMask(3, 2, STORED);
    // Whatever the source says: the size can't be mistaken.
    for (Optional<MaskOrientation> said :
        java.util.List.of(
            SILENT, Optional.of(MaskOrientation.UPRIGHT), Optional.of(MaskOrientation.STORED))) {
      assertThat(MaskOrientation.upright(asStored, turned, said).classes())
          .containsExactly(5, 3, 1, 6, 4, 2);
      assertThat(MaskOrientation.upright(asShown, turned, said)).isSameAs(asShown);
    }
  }

  @Test
  void whereItDoesNotTheSourceSaysIt() {
    ClassMask mask = new ClassMask(2, 3, STORED);
    Picture halfTurn = turned(3, 2, 3);
    assertThat(MaskOrientation.upright(mask, halfTurn, Optional.of(MaskOrientation.UPRIGHT)))
        .isSameAs(mask);
    assertThat(
            MaskOrientation.upright(mask, halfTurn, Optional.of(MaskOrientation.STORED)).classes())
        .containsExactly(6, 5, 4, 3, 2, 1);
    assertThatThrownBy(() -> MaskOrientation.upright(mask, halfTurn, SILENT))
        .hasMessage(
            "Unreadable image (mask-orientation): the image is turned (orientation 3) and the"
                + " mask's size doesn't tell whether it is too; set orientation: upright or stored"
                + " at the source");
    assertThatThrownBy(
            () ->
                MaskOrientation.upright(new ClassMask(2, 2, new byte[4]), turned(6, 2, 2), SILENT))
        .hasMessageContaining("(mask-orientation)");
  }

  @Test
  void anUprightPictureTakesItsMaskAsItIsAndOtherSizesAreRefused() {
    ClassMask mask = new ClassMask(2, 3, STORED);
    assertThat(MaskOrientation.upright(mask, turned(1, 2, 3), Optional.of(MaskOrientation.STORED)))
        .isSameAs(mask);
    assertThatThrownBy(() -> MaskOrientation.upright(mask, turned(1, 3, 2), SILENT))
        .hasMessage("Unreadable image (mask-size): mask is 2×3, its image 3×2");
    assertThatThrownBy(() -> MaskOrientation.upright(mask, turned(6, 3, 3), SILENT))
        .hasMessage("Unreadable image (mask-size): mask is 2×3, its image 3×3");
  }

  private static Picture turned(int tag, int width, int height) {
    return Picture.of(
        new Container(Container.Format.JPEG, width, height, 8, 3, Orientation.of(tag)));
  }
}
