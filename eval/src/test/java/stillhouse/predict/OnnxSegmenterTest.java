package stillhouse.predict;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import stillhouse.data.RgbImage;
import stillhouse.tensor.FloatTensor;

/** On networks of models/tiny_segmenter.py: logit 1 is 4·mean(red) − 2 of each 4×4 cell. */
class OnnxSegmenterTest {
  @TempDir Path folder;

  private static OnnxSegmenter open(String model) {
    return OnnxSource.of(Drawn.model(model), 1).open();
  }

  private static RgbImage plain(int width, int height, int red, int green) {
    byte[] rgb = new byte[3 * width * height];
    for (int i = 0; i < rgb.length; i += 3) {
      rgb[i] = (byte) red;
      rgb[i + 1] = (byte) green;
    }
    return new RgbImage(width, height, rgb);
  }

  @Test
  void readsWhatTheFileSaysAboutItself() {
    try (OnnxSegmenter segmenter = open("tiny_segmenter.onnx")) {
      assertThat(segmenter.classNames()).containsExactly("red", "green");
      assertThat(segmenter.metadata().height()).isEqualTo(16);
      assertThat(segmenter.metadata().width()).isEqualTo(24);
      assertThat(segmenter.metadata().properties()).containsKey("stillhouse.classes");
    }
  }

  @Test
  void logitsAreThoseWorkedByHand() {
    try (OnnxSegmenter segmenter = open("tiny_segmenter.onnx")) {
      FloatTensor logits = segmenter.logits(plain(50, 31, 255, 51)); // any size is resized
      assertThat(logits.shape()).containsExactly(2, 16, 24);
      for (int i = 0; i < 16 * 24; i++) {
        assertThat(logits.data()[i]).isBetween(1.9999f, 2.0001f); // 4 · 1 − 2
        assertThat(logits.data()[16 * 24 + i]).isBetween(-1.2001f, -1.1999f); // 4 · 0.2 − 2
      }
      assertThat(Masks.fromLogits(logits, 50, 31).at(49, 30)).isEqualTo(1);
    }
  }

  @Test
  void callsAtTheSameTimeDoNotMix() throws Exception {
    try (OnnxSegmenter segmenter = open("tiny_segmenter.onnx")) {
      List<Callable<Float>> calls = new ArrayList<>();
      for (int i = 0; i < 200; i++) {
        int red = i;
        calls.add(() -> segmenter.logits(plain(24, 16, red, 0)).data()[100]);
      }
      var pool = Executors.newFixedThreadPool(4);
      try {
        List<Future<Float>> answers = pool.invokeAll(calls);
        for (int i = 0; i < answers.size(); i++) {
          float expected = 4 * i / 255f - 2;
          assertThat(answers.get(i).get()).isBetween(expected - 1e-4f, expected + 1e-4f);
        }
      } finally {
        pool.shutdownNow();
      }
    }
  }

  @Test
  void refusesAModelWithoutTheMetadataNamingTheKey() {
    assertThatThrownBy(() -> open("no_height.onnx"))
        .hasMessageContaining("no_height.onnx")
        .hasMessageContaining("its metadata has no stillhouse.height")
        .hasMessageContaining("[stillhouse.classes, stillhouse.width]");
  }

  @Test
  void refusesAModelWhoseShapesContradictItsMetadata() {
    assertThatThrownBy(() -> open("three_classes.onnx"))
        .hasMessageContaining("output logits is [1, 2, 16, 24] for one image")
        .hasMessageContaining("[1, 3, h, w] for classes [red, green, blue]");
    assertThatThrownBy(() -> open("other_size.onnx"))
        .hasMessageContaining("input image is [-1, 3, 16, 24] (must be [1 or any, 3, 16, 32]");
  }

  @Test
  void refusesWhatIsNoModelAndNoThreads() {
    assertThatThrownBy(() -> OnnxSource.of(Drawn.model("tiny_segmenter.py"), 1).open())
        .hasMessageContaining("Cannot load model src/test/resources/models/tiny_segmenter.py");
    assertThatThrownBy(() -> OnnxSource.of(Path.of("none.onnx"), 1))
        .hasMessage("Cannot read model none.onnx");
    assertThatThrownBy(() -> OnnxSource.of(Drawn.model("tiny_segmenter.onnx"), 0).open())
        .hasMessage("Invalid threads: 0 (must be ≥ 1)");
  }

  @Test
  void aFileThatIsCutShortIsNamed() throws IOException {
    byte[] whole = Files.readAllBytes(Drawn.model("tiny_segmenter.onnx"));
    Path cut = Files.write(folder.resolve("cut.onnx"), Arrays.copyOf(whole, whole.length / 2));
    assertThatThrownBy(() -> OnnxSource.of(cut, 1).open())
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith("Cannot load model " + cut + " (")
        .hasMessageContaining("protobuf parsing failed");
    Path empty = Files.write(folder.resolve("empty.onnx"), new byte[0]);
    assertThatThrownBy(() -> OnnxSource.of(empty, 1).open())
        .hasMessageStartingWith("Cannot load model " + empty + " (");
  }

  @Test
  void anOperatorThatTheRuntimeDoesNotKnowIsNamed() {
    Path file =
        Drawn.changed(
            "tiny_segmenter.onnx",
            folder.resolve("unknown.onnx"),
            graph -> graph.getNodeBuilder(0).setOpType("ConvOfTomorrow"));
    assertThatThrownBy(() -> OnnxSource.of(file, 1).open())
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith("Cannot load model " + file + " (")
        .hasMessageContaining("ConvOfTomorrow");
  }

  @Test
  void logitsThatAreNoNumbersAreRefusedAndNotTakenForBackground() {
    try (OnnxSegmenter broken =
        OnnxSource.of(Drawn.broken(folder.resolve("broken.onnx")), 1).open()) {
      assertThatThrownBy(() -> broken.logits(plain(24, 16, 255, 0)))
          .isInstanceOf(BrokenNetworkException.class)
          .hasMessageMatching(
              ".*broken\\.onnx \\(\\w+\\) says no number: its logits \\[2, 16, 24] hold NaN at 384\\."
                  + " Weights that diverged .*");
      assertThat(broken.answer(plain(24, 16, 255, 0)).logits().isFinite()).isFalse();
    }
  }

  @Test
  void anAnswerHasTheLogitsAndTheEmbeddingThatTheyAreMadeOf() {
    try (OnnxSegmenter segmenter = open("tiny_segmenter.onnx")) {
      var answer = segmenter.answer(plain(24, 16, 255, 51));
      assertThat(answer.logits().data())
          .containsExactly(segmenter.logits(plain(24, 16, 255, 51)).data());
      FloatTensor embedding = answer.embedding().orElseThrow();
      assertThat(embedding.shape()).containsExactly(2, 4, 6);
      assertThat(embedding.data()[0]).isEqualTo(2, within(1e-4f));
      assertThat(embedding.data()[24]).isEqualTo(-1.2f, within(1e-4f));
    }
  }

  @Test
  void refusesToRunOnceClosed() {
    OnnxSegmenter segmenter = open("tiny_segmenter.onnx");
    segmenter.logits(plain(5, 5, 0, 0));
    segmenter.close();
    segmenter.close();
    assertThatThrownBy(() -> segmenter.logits(plain(5, 5, 0, 0)))
        .hasMessageContaining("it was closed");
  }

  @Test
  void latencyIsTimedAndRanked() {
    try (OnnxSegmenter segmenter = open("tiny_segmenter.onnx")) {
      Latency latency = Latency.measure(segmenter, 5, 50);
      assertThat(latency.runs()).isEqualTo(50);
      assertThat(latency.p50Millis()).isPositive().isLessThanOrEqualTo(latency.p90Millis());
      assertThat(latency.toMap()).containsKeys("latency_p50_ms", "latency_p99_ms");
      assertThatThrownBy(() -> Latency.measure(segmenter, 5, 0))
          .hasMessageContaining("0 after 5 to warm up");
    }
    long[] nanos = new long[100];
    for (int i = 0; i < 100; i++) {
      nanos[i] = (100 - i) * 1_000_000L;
    }
    assertThat(Latency.of(nanos)).isEqualTo(new Latency(50, 90, 99, 50.5, 100));
  }
}
