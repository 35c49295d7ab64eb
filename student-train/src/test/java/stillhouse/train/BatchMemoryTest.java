package stillhouse.train;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.junit.jupiter.api.Test;

class BatchMemoryTest {
  private final BatchMemory memory = new BatchMemory();

  @Test
  void aBufferThatCameBackIsTakenAgainCutToWhatIsAsked() {
    ByteBuffer first = memory.take(10);
    first.asFloatBuffer().put(0, 7f);
    memory.give(first);
    ByteBuffer second = memory.take(4);
    assertThat(second.remaining()).isEqualTo(16);
    assertThat(second.isDirect()).isTrue();
    assertThat(second.order()).isEqualTo(ByteOrder.nativeOrder());
    assertThat(second.asFloatBuffer().get(0)).isEqualTo(7f);
    memory.give(second);
    assertThat(memory.take(10).asFloatBuffer().get(0)).isEqualTo(7f); // the whole of it came back
  }

  @Test
  void theSmallestThatHoldsItIsTaken() {
    ByteBuffer large = memory.take(100);
    ByteBuffer small = memory.take(10);
    memory.give(large);
    memory.give(small);
    assertThat(memory.take(10).capacity()).isEqualTo(40);
    assertThat(memory.take(10).capacity()).isEqualTo(400);
    assertThat(memory.take(10).capacity()).isEqualTo(40);
  }

  @Test
  void nothingForNothing() {
    memory.give(memory.take(0));
    assertThat(memory.take(0).remaining()).isZero();
    assertThat(memory.take(1).capacity()).isEqualTo(4);
  }
}
