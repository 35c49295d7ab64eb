package stillhouse.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Optional;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import stillhouse.conf.ConfigException;

class TilesTest {
  @Test
  void aRowOfTilesPartsInTheMiddleOfWhatNeighboursShare() {
    // 10 wide, tiles of 4, overlap 1: they start at 0, 3 and, to end at the edge, 6.
    List<FramePart> row = new Tiles(5, 4, 1, 0).of(10, 5);
    assertThat(row)
        .containsExactly(
            part(new Tile(0, 0, 4, 5), new Tile(0, 0, 3, 5)), // (4 + 3) / 2 = 3
            part(new Tile(3, 0, 4, 5), new Tile(3, 0, 3, 5)), // (7 + 6) / 2 = 6
            part(new Tile(6, 0, 4, 5), new Tile(6, 0, 4, 5)));
  }

  @Test
  void aFrameNarrowerThanATileHasTilesOfItsWidth() {
    assertThat(new Tiles(4, 64, 2, 0).of(10, 6))
        .containsExactly(
            part(new Tile(0, 0, 10, 4), new Tile(0, 0, 10, 3)),
            part(new Tile(0, 2, 10, 4), new Tile(0, 3, 10, 3)));
  }

  @Property(tries = 200)
  void everyPixelIsCountedOnceAndByATileThatHasIt(
      @ForAll @IntRange(min = 1, max = 90) int width,
      @ForAll @IntRange(min = 1, max = 90) int height,
      @ForAll @IntRange(min = 2, max = 40) int side,
      @ForAll @IntRange(min = 2, max = 40) int otherSide,
      @ForAll @IntRange(min = 0, max = 20) int overlap) {
    Tiles tiles = new Tiles(side, otherSide, Math.min(overlap, Math.min(side, otherSide) / 2), 0);
    int[] counted = new int[width * height];
    for (FramePart part : tiles.of(width, height)) {
      Tile tile = part.tile().orElseThrow();
      Tile own = part.counted().orElseThrow();
      assertThat(tile.width()).isEqualTo(Math.min(otherSide, width));
      assertThat(tile.height()).isEqualTo(Math.min(side, height));
      assertThat(tile.x() + tile.width()).isLessThanOrEqualTo(width);
      Tile within = own.within(tile); // refused where it began outside
      assertThat(within.x() + within.width()).isLessThanOrEqualTo(tile.width());
      assertThat(within.y() + within.height()).isLessThanOrEqualTo(tile.height());
      for (int y = own.y(); y < own.y() + own.height(); y++) {
        for (int x = own.x(); x < own.x() + own.width(); x++) {
          counted[y * width + x]++;
        }
      }
    }
    assertThat(counted).containsOnly(1);
  }

  @Test
  void cutsFramesThatAreLargerOnly() {
    Tiles tiles = new Tiles(512, 512, 64, 1_000_000);
    assertThat(tiles.cuts(1000, 1000)).isFalse();
    assertThat(tiles.cuts(1000, 1001)).isTrue();
    assertThat(tiles.cuts(60_000, 60_000)).isTrue();
    assertThat(Tiles.NONE.cuts(60_000, 60_000)).isFalse();
  }

  @Test
  void refusesAnOverlapOfMoreThanHalfATile() {
    assertThatThrownBy(() -> new Tiles(64, 100, 33, 0))
        .isInstanceOf(ConfigException.class)
        .hasMessage("Invalid tiles.overlap: 33 (must be 0…32, half of the smaller side)");
  }

  @Test
  void aTileCutsPixelsAndLabelsAlike() {
    var mask = new ClassMask(3, 2, new byte[] {1, 2, 3, 4, 5, 6});
    assertThat(new Tile(1, 0, 2, 2).cut(mask).classes()).containsExactly(2, 3, 5, 6);
    var image = new RgbImage(2, 2, new byte[] {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12});
    assertThat(new Tile(1, 1, 1, 1).cut(image).rgb()).containsExactly(10, 11, 12);
    assertThatThrownBy(() -> new Tile(2, 0, 2, 2).cut(mask))
        .hasMessage("Invalid tile: 2,0,2,2 of a frame of 3×2");
    assertThat(new Tile(64, 0, 512, 256).part("file:/a b.png"))
        .isEqualTo("file:/a b.png#xywh=64,0,512,256");
  }

  private static FramePart part(Tile tile, Tile counted) {
    return new FramePart(Optional.of(tile), Optional.of(counted));
  }
}
