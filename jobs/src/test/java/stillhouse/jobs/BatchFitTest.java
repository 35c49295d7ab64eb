package stillhouse.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import stillhouse.train.SampleOrder;

class BatchFitTest {
  @Test
  void aBatchThatIsLargerThanTheSamplesIsSaidToBeAllOfThemInOneStep() {
    assertThat(new BatchFit(8, 8).warning("a")).isEmpty();
    assertThat(new BatchFit(8, 5).warning("a").orElseThrow())
        .startsWith("Run a has a batch of 8 and 5 training samples: each step takes all of them")
        .contains("its effective batch is 5, an epoch is one step")
        .contains("the learning rate is the recipe's for 8")
        .endsWith("Give a --batch of 5 or fewer, and a --learning-rate for it.");
  }

  /** What the warning says is what the ranks do. */
  @Test
  void oneStepTakesAllSamplesOverTheRanks() {
    var order = new SampleOrder(new int[] {3, 2}, 7, 8);
    assertThat(order.steps()).isEqualTo(1);
    List<SampleOrder.Position> taken = new ArrayList<>();
    for (int rank = 0; rank < 4; rank++) {
      taken.addAll(order.share(0, 0, rank, 4));
    }
    assertThat(taken).hasSize(5).doesNotHaveDuplicates();
  }
}
