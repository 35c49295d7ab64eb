package stillhouse.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EpochGatesTest {
  private final List<String> asked = new ArrayList<>();

  @TempDir Path folder;
  private Checkpoints checkpoints;
  private Attempt attempt;

  @BeforeEach
  void begin() {
    checkpoints = new Checkpoints(folder.toString(), 1, new Configuration());
    attempt = checkpoints.attempts().begin();
  }

  private record Fixed(
      String name, int everyEpochs, int fromEpoch, Decision decision, List<String> asked)
      implements EpochGate {
    @Override
    public Decision after(Checkpoint at, Attempt attempt) {
      asked.add(name + at.position().epoch());
      return decision;
    }
  }

  @Test
  void aJobEndsWhereTheFirstGateWantsToLook() {
    var gates = new EpochGates(List.of(gate("a", 2), gate("b", 3)), 10);
    assertThat(IntStream.of(0, 2, 3, 4, 6, 8, 9).map(from -> gates.endOfJob(from, 5)))
        .containsExactly(2, 3, 4, 6, 8, 9, 10);
    assertThat(new EpochGates(List.of(), 12).endOfJob(5, 5)).isEqualTo(10);
    assertThat(new EpochGates(List.of(gate("rare", 40)), 12).endOfJob(10, 5)).isEqualTo(12);
  }

  @Test
  void asksThoseWhoseTurnItIsAndAllOfThemAtTheEnd() {
    var gates = new EpochGates(List.of(gate("a", 2), gate("b", 3)), 7);
    for (int epoch = 0; epoch <= 7; epoch++) {
      assertThat(gates.stop(at(epoch, 0), attempt)).isFalse();
    }
    gates.stop(at(6, 1), attempt); // in the middle of an epoch
    assertThat(asked).containsExactly("a2", "b3", "a4", "a6", "b6", "a7", "b7");
  }

  /** As of a recipe whose last phase begins after four epochs. */
  @Test
  void aGateThatLooksLateIsNotAskedBeforeNorEndsAJob() {
    var gates = new EpochGates(List.of(gate("late", 2, 4)), 7);
    assertThat(gates.endOfJob(0, 9)).isEqualTo(6);
    assertThat(gates.endOfJob(4, 9)).isEqualTo(6);
    for (int epoch = 0; epoch <= 7; epoch++) {
      gates.stop(at(epoch, 0), attempt);
    }
    assertThat(asked).containsExactly("late6", "late7");
  }

  @Test
  void oneThatStopsIsEnoughAndTheOthersAreAskedAllTheSame() {
    var stops = new Fixed("stops", 1, 0, EpochGate.Decision.STOP, asked);
    assertThat(new EpochGates(List.of(stops, gate("a", 1)), 7).stop(at(1, 0), attempt)).isTrue();
    assertThat(asked).containsExactly("stops1", "a1");
  }

  @Test
  void asksNoneOnceAnotherDriverHasBegun() {
    checkpoints.attempts().begin();
    assertThatThrownBy(() -> new EpochGates(List.of(gate("a", 1)), 7).stop(at(1, 0), attempt))
        .isInstanceOf(SupersededException.class)
        .hasMessageStartingWith("Cannot look at epoch 1, step 0 at " + folder)
        .hasMessageContaining("attempt 1 is over, attempt 2 has begun");
    assertThat(asked).isEmpty();
  }

  @Test
  void refusesAGateThatIsNeverAsked() {
    assertThatThrownBy(() -> new EpochGates(List.of(gate("never", 0)), 7))
        .hasMessageContaining("Invalid everyEpochs of Fixed[name=never")
        .hasMessageContaining(": 0 (must be >= 1)");
  }

  private EpochGate gate(String name, int everyEpochs) {
    return gate(name, everyEpochs, 0);
  }

  private EpochGate gate(String name, int everyEpochs, int fromEpoch) {
    return new Fixed(name, everyEpochs, fromEpoch, EpochGate.Decision.CONTINUE, asked);
  }

  private static Checkpoint at(int epoch, int step) {
    var marker = new Checkpoint.Marker(epoch, step, 1, 0, "", Map.of(), "", 0);
    return new Checkpoint(null, null, marker);
  }
}
