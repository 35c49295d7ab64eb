package stillhouse.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.awt.image.BufferedImage;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import stillhouse.report.IntervalPlot.Mark;
import stillhouse.report.IntervalPlot.Panel;
import stillhouse.report.IntervalPlot.Range;

class IntervalPlotTest {
  private static final int MEAN = 0xff0072b2;

  @Test
  void ticksAreRoundNumbersAndZeroIsAmongDifferences() {
    var axis = IntervalPlot.Axis.of(panel(true, mark(0.013), mark(0.047)), 0);
    assertThat(axis.ticks().stream().map(axis::label))
        .containsExactly("0.00", "0.01", "0.02", "0.03", "0.04", "0.05");
    var shares = IntervalPlot.Axis.of(panel(false, mark(0.41), mark(0.47)), 0);
    assertThat(shares.ticks().stream().map(shares::label)).containsExactly("0.42", "0.44", "0.46");
  }

  @Test
  void aLargerMeanLiesFurtherRight() {
    BufferedImage page =
        IntervalPlot.draw(
            "sweep",
            List.of("low", "high", "none"),
            List.of(panel(true, mark(-0.02), mark(0.03), Optional.empty())),
            List.of("foot"));
    List<Integer> low = columns(page, 0);
    List<Integer> high = columns(page, 1);
    assertThat(low).isNotEmpty();
    assertThat(high.get(0)).isGreaterThan(low.get(low.size() - 1));
    assertThat(columns(page, 2)).isEmpty();
  }

  @Test
  void nothingToShowIsDrawnAsEmptyAxes() {
    var page =
        IntervalPlot.png("sweep", List.of("a"), List.of(panel(true, Optional.empty())), List.of());
    assertThat(page).isNotEmpty();
  }

  @Test
  void aPanelHasAMarkAName() {
    assertThatThrownBy(
            () ->
                IntervalPlot.png("s", List.of("a", "b"), List.of(panel(true, mark(1))), List.of()))
        .hasMessage("Cannot draw panel 'IoU': 1 marks for 2 names [a, b]");
  }

  @SafeVarargs
  private static Panel panel(boolean zero, Optional<Mark>... marks) {
    return new Panel("IoU", zero, List.of(marks));
  }

  private static Optional<Mark> mark(double mean) {
    return Optional.of(
        new Mark(List.of(mean), mean, Optional.of(new Range(mean, mean)), Optional.empty()));
  }

  /** Where a line of the plot has the mean's colour, left to right. */
  private static List<Integer> columns(BufferedImage page, int line) {
    Set<Integer> found = new TreeSet<>();
    int top = 14 + 2 * 24 + line * 24; // the page's margin and two lines of heads
    for (int y = top; y < top + 24; y++) {
      for (int x = 0; x < page.getWidth(); x++) {
        if (page.getRGB(x, y) == MEAN) {
          found.add(x);
        }
      }
    }
    return List.copyOf(found);
  }
}
