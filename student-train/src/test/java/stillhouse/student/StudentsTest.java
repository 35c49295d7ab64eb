package stillhouse.student;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.GradientCollector;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import stillhouse.decoder.PromptDecoderConfig;
import stillhouse.decoder.PromptGrid;
import stillhouse.decoder.PromptableDecoder;

class StudentsTest {
  private NDManager manager;
  private Weights weights;

  @BeforeEach
  void open() {
    manager = Fixtures.manager();
    weights = new Weights(manager, 1);
  }

  @AfterEach
  void close() {
    weights.close();
    manager.close();
  }

  @ParameterizedTest
  @CsvSource({
    "tiny-conv, 64, 246067",
    "tiny-conv-nonorm, 64, 245459",
    "wide-conv, 128, 2555515",
    "tinyvit-1.6m, 128, 1563091"
  })
  void embedsAtStrideFourAndAnswersAtTheInputsResolution(String name, int channels, long count) {
    Student student = create(name, 64, 96);
    StudentOutput out = student.forward(Fixtures.uniform(manager, 1, 2, 3, 64, 96), false);
    assertThat(out.embedding().getShape()).isEqualTo(new Shape(2, channels, 16, 24));
    assertThat(out.logits().getShape()).isEqualTo(new Shape(2, 3, 64, 96));
    assertThat(student.embeddingChannels()).isEqualTo(channels);
    assertThat(student.embeddingStride()).isEqualTo(4);
    assertThat(student.classes()).isEqualTo(3);
    assertThat(out.levels())
        .extracting(level -> (int) level.getShape().get(1))
        .isEqualTo(student.levelChannels());
    assertThat(out.levels().get(1).getShape().slice(2)).isEqualTo(new Shape(8, 12));
    assertThat(weights.parameterCount(Student.PREFIX)).isEqualTo(count);
    assertThat(weights.names()).allMatch(n -> n.startsWith(Student.PREFIX));
  }

  /** What is published without its classifiers, as timm 1.0.15 counts it, is what is here. */
  @ParameterizedTest
  @CsvSource({
    // windows of 8, 16, 8 for 7, 14, 7: 15·4·2 + 60·5·6 + 15·10·2 biases more
    "tinyvit-5m, 128, 5178819, 5071124, 2220",
    "repvit-m1, 128, 6529983, 6403004, 0",
    "r50-fpn, 256, 25084227, 23508032, 0",
    "swin-t, 128, 27729325, 27517818, 7728" // windows of 8 for 7: (15² − 13²)·(2·3 + 2·6 + 6·12 +
    // 2·24)
  })
  void encodersHaveThePublishedParameters(
      String name, int channels, long count, long published, long windows) {
    Student student = create(name, 32, 64);
    StudentOutput out = student.forward(Fixtures.uniform(manager, 1, 1, 3, 32, 64), false);
    assertThat(out.embedding().getShape()).isEqualTo(new Shape(1, channels, 8, 16));
    assertThat(out.logits().getShape()).isEqualTo(new Shape(1, 3, 32, 64));
    assertThat(weights.parameterCount(Student.PREFIX)).isEqualTo(count);
    long encoder = weights.parameterCount("student.stem") + weights.parameterCount("student.stage");
    assertThat(encoder).isEqualTo(published + windows);
  }

  /**
   * KD-SAM's 26.4 M are an encoder's: the trunk as published, 2048 · 256 + 2 · 256 of the 1×1, and
   * four times 256 · 256 · 9 + 2 · 256 of the 3×3. The head is beside them.
   */
  @Test
  void kdSamsEncoderHasTheSeedsParametersAndSamsGrid() {
    Student student = create("resnet50-kdsam", 64, 96);
    StudentOutput out = student.forward(Fixtures.uniform(manager, 1, 1, 3, 64, 96), false);
    assertThat(out.embedding().getShape()).as("1024 / 64 is 16").isEqualTo(new Shape(1, 256, 4, 6));
    assertThat(out.logits().getShape()).isEqualTo(new Shape(1, 3, 64, 96));
    assertThat(student.embeddingStride()).isEqualTo(16);
    assertThat(student.levelChannels()).containsExactly(256, 512, 1024, 2048);
    long trunk = weights.parameterCount("student.stem") + weights.parameterCount("student.stage");
    assertThat(trunk).isEqualTo(23_508_032);
    assertThat(weights.parameterCount("student.neck.")).isEqualTo(524_800);
    assertThat(weights.parameterCount("student.neck"))
        .isEqualTo(524_800 + 4 * 590_336)
        .isEqualTo(26_394_176 - trunk);
    assertThat(weights.parameterCount("student.head.")).isEqualTo(147_779);
    assertThat(weights.trainable().keySet())
        .allMatch(t -> t.startsWith("student.head.") == (student.partOf(t) == Part.DECODER));
  }

  /** The stages as timm 1.0.15 counts them; 320 · 256 and 256 · 256 · 9 and two times 2 · 256. */
  @Test
  void mobileSamsEncoderHasTheSeedsParametersAndSamsGrid() {
    Student student = create("tinyvit-5m-sam", 64, 96);
    StudentOutput out = student.forward(Fixtures.uniform(manager, 1, 1, 3, 64, 96), false);
    assertThat(out.embedding().getShape()).as("1024 / 64 is 16").isEqualTo(new Shape(1, 256, 4, 6));
    assertThat(out.logits().getShape()).isEqualTo(new Shape(1, 3, 64, 96));
    assertThat(out.levels().get(3).getShape()).isEqualTo(new Shape(1, 320, 4, 6));
    assertThat(student.embeddingStride()).isEqualTo(16);
    long stages = weights.parameterCount("student.stem") + weights.parameterCount("student.stage");
    assertThat(stages).isEqualTo(5_071_124 + 2_220); // of windows: as tinyvit-5m
    long neck = 320 * 256 + 256 * 256 * 9 + 2 * 2 * 256;
    assertThat(weights.parameterCount("student.neck")).isEqualTo(neck).isEqualTo(672_768);
    assertThat(weights.parameterCount("student.head.")).isEqualTo(147_779);
    assertThat(weights.trainable().keySet())
        .allMatch(t -> t.startsWith("student.head.") == (student.partOf(t) == Part.DECODER));
  }

  /** The encoder, SAM's decoder and the head of three classes. */
  @ParameterizedTest
  @CsvSource({"resnet50-kdsam-sam, 26394176", "tinyvit-5m-sam, 5746112"})
  void aStudentUnderSamsDecoderHasBothsParameters(String name, long encoder) {
    StudentConfig config = Fixtures.config(name);
    Students.create(config, 3, 64, 64, weights);
    assertThat(config.startsFromTeacher()).isTrue();
    PromptDecoderConfig sizes = PromptDecoderConfig.of(config.prompt(), config.embedding());
    assertThat(sizes).isEqualTo(PromptDecoderConfig.sam());
    PromptableDecoder.create(sizes, new PromptGrid(4, 4, 16), Student.PREFIX, weights);
    assertThat(weights.parameterCount(Student.PREFIX)).isEqualTo(encoder + 4_064_560 + 147_779);
  }

  @ParameterizedTest
  @CsvSource({"4, 24", "8, 12", "32, 3"})
  void aNeckGivesTheStrideThatIsAskedForOfAsManyParameters(int stride, int wide) {
    StudentConfig small = Fixtures.network("resnet-neck");
    StudentConfig other =
        new StudentConfig(
            small.name(),
            small.network(),
            small.norm(),
            small.channels(),
            small.depths(),
            null,
            small.embedding(),
            stride,
            List.of(),
            List.of(),
            null,
            null);
    assertThat(other.digest()).isNotEqualTo(small.digest());
    Student student = Students.create(other, 2, 64, 96, weights);
    StudentOutput out = student.forward(Fixtures.uniform(manager, 1, 1, 3, 64, 96), false);
    assertThat(out.embedding().getShape()).isEqualTo(new Shape(1, 24, wide * 2 / 3, wide));
    try (Weights sixteen = new Weights(manager, 1)) {
      Students.create(small, 2, 64, 96, sixteen);
      assertThat(weights.parameterCount("")).isEqualTo(sixteen.parameterCount(""));
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "tiny-conv",
        "tiny-conv-nonorm",
        "wide-conv",
        "tinyvit-1.6m",
        "repvit",
        "resnet",
        "resnet-neck",
        "tinyvit-neck",
        "swin"
      })
  void everyTensorGetsAFiniteGradientAndAStepLeavesNothingBehind(String name) {
    Student student = Students.create(Fixtures.network(name), 3, 64, 64, weights);
    int before = weights.manager().getManagedArrays().size();
    int outside = manager.getManagedArrays().size();
    try (NDManager step = manager.newSubManager();
        GradientCollector gradients = Engine.getEngine("PyTorch").newGradientCollector()) {
      StudentOutput out = student.forward(Fixtures.uniform(step, 2, 2, 3, 64, 64), true);
      NDArray loss = out.logits().square().sum().add(out.embedding().square().sum());
      gradients.backward(loss);
    }
    for (Map.Entry<String, NDArray> entry : weights.trainable().entrySet()) {
      try (NDArray gradient = entry.getValue().getGradient()) {
        float largest = 0;
        for (float v : gradient.toFloatArray()) {
          assertThat(v).as(entry.getKey()).isFinite();
          largest = Math.max(largest, Math.abs(v));
        }
        assertThat(largest).as(entry.getKey()).isPositive();
      }
    }
    assertThat(weights.manager().getManagedArrays()).hasSize(before);
    assertThat(manager.getManagedArrays()).hasSize(outside);
  }

  @Test
  void trainingMovesRunningStatisticsAndInferenceDoesNot() {
    Student student = create("tiny-conv", 32, 32);
    NDArray mean = weights.get("student.stage0.down.norm.mean");
    NDArray image = Fixtures.uniform(manager, 3, 2, 3, 32, 32);
    student.forward(image, false);
    assertThat(mean.toFloatArray()).containsOnly(0);
    student.forward(image, true);
    assertThat(mean.toFloatArray()).doesNotContain(0);
    assertThat(mean.hasGradient()).isFalse();
  }

  /** The top-down decoder makes the embedding and is of the encoder; the head is the decoder. */
  @Test
  void aPartInInferenceFormMovesNoStatisticsAndAnswersAsInferenceDoes() {
    Student student = create("tiny-conv", 32, 32);
    assertThat(weights.names())
        .filteredOn(name -> student.partOf(name) == Part.DECODER)
        .containsExactly("student.head.weight", "student.head.bias");
    NDArray image = Fixtures.uniform(manager, 3, 2, 3, 32, 32);
    student.forward(image, true);
    float[] mean = weights.get("student.stage0.down.norm.mean").toFloatArray();
    StudentOutput frozen = student.forward(image, Set.of(Part.DECODER));
    StudentOutput inferred = student.forward(image, false);
    assertThat(weights.get("student.stage0.down.norm.mean").toFloatArray()).isEqualTo(mean);
    assertThat(frozen.embedding().toFloatArray()).isEqualTo(inferred.embedding().toFloatArray());
    assertThat(frozen.logits().toFloatArray()).isEqualTo(inferred.logits().toFloatArray());
    student.forward(image, Set.of(Part.ENCODER));
    assertThat(weights.get("student.stage0.down.norm.mean").toFloatArray()).isNotEqualTo(mean);
  }

  @Test
  void withoutNormASampleDoesNotSeeItsBatch() {
    Student student = create("tiny-conv-nonorm", 64, 64);
    Fixtures.disturb(weights);
    NDArray images = Fixtures.uniform(manager, 4, 4, 3, 64, 64);
    float[] together = student.forward(images, true).logits().toFloatArray();
    float[] alone = student.forward(images.get("2:3"), true).logits().toFloatArray();
    for (int i = 0; i < alone.length; i++) {
      assertThat(together[2 * alone.length + i]).isCloseTo(alone[i], within(1e-5f));
    }
    assertThat(weights.buffers()).isEmpty();
  }

  @Test
  void tensorsDoNotDependOnTheInputsSize() {
    create("tinyvit-1.6m", 64, 64);
    try (Weights other = new Weights(manager, 1)) {
      Students.create(Fixtures.config("tinyvit-1.6m"), 3, 192, 96, other);
      assertThat(other.names()).isEqualTo(weights.names());
      for (String name : other.names()) {
        assertThat(other.get(name).toFloatArray()).isEqualTo(weights.get(name).toFloatArray());
      }
    }
  }

  @Test
  void refusesAnInputThatItsStridesDoNotDivide() {
    assertThatThrownBy(() -> create("tiny-conv", 100, 128))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("Invalid student input: 100×128 (both sides must be multiples of 32)");
  }

  @Test
  void refusesAnImageOfAnotherSize() {
    Student student = create("tiny-conv", 64, 64);
    assertThatThrownBy(() -> student.forward(Fixtures.uniform(manager, 1, 1, 3, 32, 64), false))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(
            "Invalid image batch: (1, 3, 32, 64) (this student was made for [B, 3, 64, 64])");
  }

  @Test
  void refusesMoreClassesThanAMaskCanName() {
    assertThatThrownBy(() -> Students.create(Fixtures.config("tiny-conv"), 255, 64, 64, weights))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("Invalid number of classes: 255 (must be 1 to 254: 0 and 255 are taken)");
  }

  private Student create(String name, int height, int width) {
    return Students.create(Fixtures.config(name), 3, height, width, weights);
  }
}
