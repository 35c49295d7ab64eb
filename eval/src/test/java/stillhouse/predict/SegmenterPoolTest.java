package stillhouse.predict;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import stillhouse.data.RgbImage;
import stillhouse.tensor.FloatTensor;

class SegmenterPoolTest {
  private final List<String> events = new ArrayList<>();

  private record Noted(String id, List<String> events) implements SegmenterSource {
    @Override
    public Segmenter open() {
      events.add("open " + id);
      return new Segmenter() {
        @Override
        public List<String> classNames() {
          return List.of("any");
        }

        @Override
        public FloatTensor logits(RgbImage image) {
          return new FloatTensor(new int[] {1, 1, 1}, new float[1]);
        }

        @Override
        public void close() {
          events.add("close " + id);
        }
      };
    }
  }

  private SegmenterSource source(String id) {
    return new Noted(id, events);
  }

  @Test
  void tasksShareOneSegmenterAndLaterTasksFindItLoaded() {
    SegmenterPool pool = new SegmenterPool();
    var first = pool.lease(source("a"));
    var second = pool.lease(source("a"));
    assertThat(second.segmenter()).isSameAs(first.segmenter());
    first.close();
    first.close(); // a second close gives nothing back
    second.close();
    pool.lease(source("a")).close();
    assertThat(events).containsExactly("open a");
  }

  @Test
  void closesTheOldestThatNothingUses() {
    SegmenterPool pool = new SegmenterPool();
    var used = pool.lease(source("used"));
    pool.lease(source("a")).close();
    pool.lease(source("b")).close();
    pool.lease(source("a")).close(); // b is the oldest now
    pool.lease(source("c")).close();
    assertThat(events).containsExactly("open used", "open a", "open b", "open c", "close b");
    assertThat(pool.loaded()).isEqualTo(3);
    used.close();
    assertThat(events).endsWith("close a");
  }
}
