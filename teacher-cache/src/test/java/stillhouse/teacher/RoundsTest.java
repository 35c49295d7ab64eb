package stillhouse.teacher;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import stillhouse.identity.Sha256;
import stillhouse.tensor.FloatTensor;

/**
 * A decoder asked again and again about one object: rounds_onnx.py says what its masks are, so that
 * the cells of an answer can be counted by hand. An image of 128×64 lies doubled over the upper
 * half of the input.
 */
class RoundsTest {
  private static final int WIDTH = 128;
  private static final int HEIGHT = 64;
  private static final Prompt.Point INSIDE = new Prompt.Point(1, 50, 32, true);
  private static final Prompt.Point ASIDE = new Prompt.Point(1, 65, 32, false);

  @TempDir static Path folder;
  private static Teacher teacher;
  private static Map<String, FloatTensor> features;

  @BeforeAll
  static void open() throws IOException {
    teacher = SmallSegmenter.files(yaml("boxes_only: false")).open();
    features = teacher.encode(List.of(SmallSegmenter.image(WIDTH, HEIGHT))).get(0);
  }

  @AfterAll
  static void close() {
    teacher.close();
  }

  private static Path yaml(String kind) throws IOException {
    Path encoder = SmallSegmenter.resource("rounds.encoder.onnx");
    Path decoder = SmallSegmenter.resource("rounds.decoder.onnx");
    return SmallSegmenter.write(
        folder,
        """
        name: rounds
        engine: onnxruntime
        threads: 1
        files:
          encoder: {source: "file:%s", sha256: %s}
          decoder: {source: "file:%s", sha256: %s}
        input:
          {height: 256, width: 256, resize: longest-side, scale: "0..1", mean: [0, 0, 0], std: [1, 1, 1]}
        layers: {embedding: image_embeddings}
        decoder: {kind: sam, %s}
        """
            .formatted(encoder, Sha256.ofFile(encoder), decoder, Sha256.ofFile(decoder), kind));
  }

  private static Teacher.Asking asking() {
    return teacher.asking(features, WIDTH, HEIGHT);
  }

  private static long positive(FloatTensor logits) {
    long cells = 0;
    for (float v : logits.data()) {
      cells += v > 0 ? 1 : 0;
    }
    return cells;
  }

  @Test
  void aFirstRoundIsTheOnePrompt() {
    Prompt.Box box = new Prompt.Box(1, 20, 30, 45, 60);
    try (Teacher.Asking image = asking()) {
      for (Clicks first : List.of(Clicks.of(INSIDE), Clicks.of(box))) {
        Prompt prompt = first.box().isPresent() ? box : INSIDE;

        Refined refined = image.refine(first, 1);

        MaskAnswer alone = image.answer(prompt);
        assertThat(refined.answer().logits().data()).containsExactly(alone.logits().data());
        assertThat(refined.answer().predictedIou()).isEqualTo(0.9f).isEqualTo(alone.predictedIou());
      }
    }
  }

  /** The next round's mask has the padding that an answer is cut of. */
  @Test
  void aMaskIsCarriedAsTheNetworkGaveIt() {
    try (Teacher.Asking image = asking()) {
      Refined first = image.refine(Clicks.of(INSIDE), 1);

      assertThat(first.answer().logits().shape()).containsExactly(32, 64);
      FloatTensor carried = first.carried().orElseThrow();
      assertThat(carried.shape()).containsExactly(64, 64);
      assertThat(positive(carried)).isEqualTo(52).isEqualTo(positive(first.answer().logits()));
    }
  }

  /**
   * 16 pixels around the first point have 52 cells, 24 have 112; those within 24 of the second are
   * taken away, and what the mask of the round before held beyond them stays.
   */
  @Test
  void aSecondPointIsAnsweredByTheMaskThatIsMeantForSeveral() {
    try (Teacher.Asking image = asking()) {
      Refined first = image.refine(Clicks.of(INSIDE), 1);

      Refined second = image.refine(Clicks.of(INSIDE).then(ASIDE, first.carried()), 1);

      assertThat(second.answer().predictedIou()).isEqualTo(0.95f);
      assertThat(positive(second.answer().logits())).isEqualTo(86);
    }
  }

  @Test
  void whatARoundFoundIsKeptByItsMaskAlone() {
    Prompt.Point elsewhere = new Prompt.Point(1, 100, 10, true);
    Prompt.Box far = new Prompt.Box(1, 2, 2, 12, 12);
    try (Teacher.Asking image = asking()) {
      FloatTensor found = image.refine(Clicks.of(INSIDE), 1).carried().orElseThrow();
      Clicks without = new Clicks(List.of(elsewhere), Optional.of(far), Optional.empty());
      Clicks with = new Clicks(without.points(), without.box(), Optional.of(found));

      long forgotten = positive(image.refine(without, 1).answer().logits());
      long kept = positive(image.refine(with, 1).answer().logits());

      assertThat(kept).isEqualTo(forgotten + 52);
    }
  }

  /** Of one point's candidates; several have one answer, whatever its size. */
  @Test
  void theLargestShareChoosesAmongCandidatesWhereThereAreSome() {
    try (Teacher.Asking image = asking()) {
      assertThat(image.refine(Clicks.of(INSIDE), 0.01).answer().predictedIou()).isEqualTo(0.6f);
      Clicks two = Clicks.of(INSIDE).then(ASIDE, Optional.empty());
      assertThat(image.refine(two, 0.01).answer().predictedIou()).isEqualTo(0.95f);
    }
  }

  @Test
  void aDecoderOfBoxesAloneSaysSo() throws IOException {
    try (Teacher boxes = SmallSegmenter.files(yaml("boxes_only: true")).open();
        Teacher.Asking image = boxes.asking(features, WIDTH, HEIGHT)) {
      assertThatThrownBy(() -> image.refine(Clicks.of(INSIDE), 1))
          .hasMessageStartingWith("Cannot ask teacher rounds about Clicks[points=[Point[")
          .hasMessageEndingWith(": it answers boxes alone");
      assertThat(image.refine(Clicks.of(new Prompt.Box(1, 2, 2, 12, 12)), 1).carried()).isPresent();
    }
  }

  @Test
  void aMaskOfAnotherSizeIsRefused() {
    var small = Optional.of(new FloatTensor(new int[] {8, 8}, new float[64]));
    try (Teacher.Asking image = asking()) {
      assertThatThrownBy(() -> image.refine(Clicks.of(INSIDE).then(ASIDE, small), 1))
          .hasMessage(
              "Invalid mask of the round before: FloatTensor[8, 8] (must be [64, 64], as this"
                  + " teacher gave it)");
    }
  }

  @Test
  void noPointAndNoBoxAreNoQuestion() {
    assertThatThrownBy(() -> new Clicks(List.of(), Optional.empty(), Optional.empty()))
        .hasMessage("Invalid clicks: no point and no box");
  }

  @Test
  void aTeacherOfSinglePromptsSaysSo() {
    Teacher.Asking single =
        prompt -> new MaskAnswer(new FloatTensor(new int[] {0, 0}, new float[0]), 0);
    assertThatThrownBy(() -> single.refine(Clicks.of(INSIDE), 1))
        .isInstanceOf(UnsupportedOperationException.class)
        .hasMessageContaining("answers one prompt at a time");
  }

  /** Random networks of their interfaces, in both engines: an ellipse about all that is asked. */
  @ParameterizedTest
  @ValueSource(strings = {"edge-sam", "efficient-sam-ti", "sam2-hiera-tiny-djl"})
  void everyKindIsAskedAboutSeveralPoints(String name) throws IOException {
    boolean script = name.endsWith("-djl");
    String encoder = PresetTest.random(script ? name + ".pt" : name + ".encoder.onnx").toString();
    Optional<String> decoder =
        script
            ? Optional.empty()
            : Optional.of(PresetTest.random(name + ".decoder.onnx").toString());
    Path out = Files.createTempDirectory(folder, "adopted");
    Adoption adoption =
        new Adoption(
            Path.of("../conf/teachers", name + ".yaml"), encoder, Optional.empty(), decoder);
    Path adopted = adoption.into(out, PresetTest.settings(out)).yaml().orElseThrow();
    TeacherConfig config = TeacherConfig.load(adopted);
    try (Teacher other = TeacherFiles.resolve(config, out).open();
        Teacher.Asking image =
            other.asking(other.encode(List.of(SmallSegmenter.image(90, 60))).get(0), 90, 60)) {
      Prompt.Point left = new Prompt.Point(1, 20, 20, true);
      Clicks both = Clicks.of(left).then(new Prompt.Point(1, 70, 40, true), Optional.empty());

      Refined refined = image.refine(both, 1);

      int[] shape = refined.answer().logits().shape();
      assertThat(refined.answer().logits().data()[(shape[0] / 2) * shape[1] + shape[1] / 2])
          .isPositive();
      assertThat(refined.carried().isPresent()).isEqualTo(config.takesMasks()).isEqualTo(script);
      if (!script) {
        FloatTensor any = new FloatTensor(shape, Arrays.copyOf(new float[0], shape[0] * shape[1]));
        assertThatThrownBy(() -> image.refine(both.then(left, Optional.of(any)), 1))
            .hasMessageStartingWith("Cannot ask teacher " + config.name() + " about Clicks[")
            .hasMessageEndingWith("its decoder takes no mask of the round before");
      }
    }
  }
}
