package stillhouse.data;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import stillhouse.identity.Sha256;

class CropsTest {
  private static final Sha256 CONTENT = Sha256.of(new byte[] {1});

  @Property(tries = 60)
  void holdsADefectThatFitsWholeAndNeverLeavesTheFrame(
      @ForAll @IntRange(min = 0, max = 55) int x,
      @ForAll @IntRange(min = 0, max = 35) int y,
      @ForAll @IntRange(min = 1, max = 8) int side,
      @ForAll byte content) {
    ClassMask mask = defects(64, 44, new int[] {x, y, side, 1});
    Set<Tile> crops = new Crops(16, 3, 8, 0).of(mask, Sha256.of(new byte[] {content}));
    assertThat(crops).isNotEmpty();
    for (Tile crop : crops) {
      assertThat(crop.width()).isEqualTo(16);
      assertThat(crop.x()).isBetween(Math.max(0, x + side - 16), Math.min(x, 48));
      assertThat(crop.y()).isBetween(Math.max(0, y + side - 16), Math.min(y, 28));
    }
  }

  @Test
  void aDefectThatDoesNotFitIsCutInsideItsBox() {
    ClassMask mask = defects(64, 64, new int[] {4, 4, 50, 1});
    for (Tile crop : new Crops(16, 5, 8, 0).of(mask, CONTENT)) {
      assertThat(crop.x()).isBetween(4, 4 + 50 - 16);
    }
  }

  @Test
  void everyClassHasItsShareAndTheSameFrameTheSameCrops() {
    List<int[]> many = new ArrayList<>();
    for (int i = 0; i < 20; i++) {
      many.add(new int[] {2 + 6 * (i % 10), 2 + 6 * (i / 10), 2, 1}); // frequent
    }
    many.add(new int[] {50, 50, 4, 2}); // rare
    ClassMask mask = defects(64, 64, many.toArray(int[][]::new));
    Crops rule = new Crops(8, 1, 3, 0);
    Set<Tile> crops = rule.of(mask, CONTENT);
    assertThat(crops).hasSize(4);
    assertThat(crops).anySatisfy(crop -> assertThat(crop.cut(mask).classes()).contains((byte) 2));
    assertThat(rule.of(mask, CONTENT)).isEqualTo(crops);
    assertThat(rule.of(mask, Sha256.of(new byte[] {2}))).isNotEqualTo(crops);
  }

  @Test
  void backgroundHasNoLabelAndIsLeftOutWhereThereIsNone() {
    ClassMask some = defects(64, 64, new int[] {0, 0, 40, 1});
    Set<Tile> crops = new Crops(16, 0, 8, 4).of(some, CONTENT);
    assertThat(crops).isNotEmpty();
    for (Tile crop : crops) {
      assertThat(crop.cut(some).classes()).containsOnly((byte) 0);
    }
    ClassMask full = defects(64, 64, new int[] {0, 0, 64, 1});
    assertThat(new Crops(16, 0, 8, 4).of(full, CONTENT)).isEmpty();
  }

  @Test
  void aCropIsCountedNowhereAndIsNoTileTwice() {
    ClassMask mask = defects(32, 32, new int[] {0, 0, 32, 1});
    Tile whole = new Tile(0, 0, 16, 16);
    List<FramePart> tiles = List.of(new FramePart(Optional.of(whole), Optional.of(whole)));
    List<FramePart> parts = new Crops(16, 6, 8, 0).beside(tiles, mask, CONTENT);
    assertThat(parts.get(0)).isEqualTo(tiles.get(0));
    assertThat(parts).extracting(FramePart::tile).doesNotHaveDuplicates();
    assertThat(parts.subList(1, parts.size()))
        .isNotEmpty()
        .allSatisfy(part -> assertThat(part.counted()).isEmpty());
    assertThat(new Crops(32, 6, 8, 2).beside(tiles, mask, CONTENT)).isEqualTo(tiles);
  }

  /** Squares of {x, y, side, class}. */
  private static ClassMask defects(int width, int height, int[]... squares) {
    byte[] classes = new byte[width * height];
    for (int[] s : squares) {
      for (int y = s[1]; y < Math.min(height, s[1] + s[2]); y++) {
        for (int x = s[0]; x < Math.min(width, s[0] + s[2]); x++) {
          classes[y * width + x] = (byte) s[3];
        }
      }
    }
    return new ClassMask(width, height, classes);
  }
}
