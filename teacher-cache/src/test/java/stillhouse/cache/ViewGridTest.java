package stillhouse.cache;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import stillhouse.teacher.InputConfig;
import stillhouse.teacher.MapExtent;
import stillhouse.tensor.FloatTensor;

class ViewGridTest {
  private static final int INPUT = 1024;
  private static final int CELLS = 64;
  private static final MapExtent LETTER_BOXED =
      new MapExtent(InputConfig.Fit.LONGEST_SIDE, INPUT, INPUT);

  /** 401 rows become 642 of the input's: 40.125 cells, of which 41 are stored. */
  @Test
  void putsTheStoredRowsOfALetterBoxedImageWhereTheyAreInIt() {
    assertThat(LETTER_BOXED.covered(41, CELLS, 640, 401))
        .isEqualTo(new MapExtent.Covered(40.125, CELLS));
    double cell = 16 * 401 / 642.0; // of the image's rows
    FloatTensor rows = own(41, cell, CELLS, 0);

    FloatTensor grid = onGrid(rows, 10, 8, 640, 401);

    // Each grid cell is 4.0125 stored ones. The first: four whole ones and 0.0125 of a fifth.
    double first = (0.5 + 1.5 + 2.5 + 3.5 + 0.0125 * 4.5) / 4.0125 * cell;
    assertThat(grid.data()[0]).isCloseTo((float) first, within(1e-3f));
    // The last: [36.1125, 40.125], which with all 41 would be [36.9, 41], 5 rows further down.
    double last = (0.8875 * 36.5 + 37.5 + 38.5 + 39.5 + 0.125 * 40.5) / 4.0125 * cell;
    assertThat(grid.data()[8 * 9]).isCloseTo((float) last, within(1e-3f));
    assertThat(grid.data()[8 * 9]).isCloseTo(401 - 401 / 20f, within(0.7f));
    assertThat(new ViewGrid(10, 8).of(rows).data()[8 * 9])
        .as("whole cells are padding's too")
        .isGreaterThan(401 - 401 / 20f + 3);
  }

  /** Maps whose values are their own places in the image, down and across. */
  @Property(tries = 300)
  void valuesKeepTheirPlaceInTheImage(
      @ForAll @IntRange(min = 40, max = 3000) int width,
      @ForAll @IntRange(min = 40, max = 3000) int height,
      @ForAll @IntRange(min = 1, max = 80) int grid) {
    int longest = Math.max(width, height);
    int coveredRows = Math.max(1, Math.round((float) height * INPUT / longest));
    int coveredColumns = Math.max(1, Math.round((float) width * INPUT / longest));
    int rows = (coveredRows + 15) / 16;
    int columns = (coveredColumns + 15) / 16;
    double down = 16.0 * height / coveredRows; // the image's rows of one stored one
    double across = 16.0 * width / coveredColumns;

    float[] ys = onGrid(own(rows, down, columns, 0), grid, grid, width, height).data();
    float[] xs = onGrid(own(rows, 0, columns, across), grid, grid, width, height).data();

    // A mean of cells is off by the parts of cells at its two ends, a quarter of a cell at most;
    // between cells nothing is lost but beyond the first and last centre: half a cell.
    double share = Math.min(coveredRows, coveredColumns) / 16.0 >= grid ? 0.25 : 0.5;
    for (int i = 0; i < grid; i++) {
      double y = (i + 0.5) * height / grid;
      double x = (i + 0.5) * width / grid;
      assertThat((double) ys[i * grid]).isCloseTo(y, within(share * down + 0.01));
      assertThat((double) xs[i]).isCloseTo(x, within(share * across + 0.01));
    }
  }

  @Test
  void spansWhatIsStoredWhereCellsAreNoSquares() {
    assertThat(LETTER_BOXED.covered(11, CELLS, 640, 401))
        .isEqualTo(new MapExtent.Covered(11, CELLS));
    assertThat(MapExtent.EXACT.covered(11, 7, 640, 401)).isEqualTo(new MapExtent.Covered(11, 7));
  }

  private static FloatTensor onGrid(FloatTensor map, int h, int w, int width, int height) {
    MapExtent.Covered covered = new ViewGrid.Seen(LETTER_BOXED, width, height).covered(map);
    return new ViewGrid(h, w).of(map, covered);
  }

  /** The sum of a cell's centre down and across, in units of the image. */
  private static FloatTensor own(int rows, double down, int columns, double across) {
    float[] data = new float[rows * columns];
    for (int i = 0; i < data.length; i++) {
      data[i] = (float) ((i / columns + 0.5) * down + (i % columns + 0.5) * across);
    }
    return new FloatTensor(new int[] {1, rows, columns}, data);
  }
}
