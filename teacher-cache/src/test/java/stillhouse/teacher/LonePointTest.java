package stillhouse.teacher;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import stillhouse.conf.ConfigException;
import stillhouse.identity.Sha256;
import stillhouse.tensor.FloatTensor;

/**
 * A teacher that proposes boxes: the network of {@link RoundsTest}, whose masks can be counted by
 * hand, with one sure proposal, (56, 24) to (120, 88) in pixels of the input (proposals_onnx.py).
 * An image of 128×64 lies doubled over the upper half of that.
 */
class LonePointTest {
  private static final int WIDTH = 128;
  private static final int HEIGHT = 64;
  private static final Prompt.Point INSIDE = new Prompt.Point(1, 50, 32, true);
  private static final Prompt.Point OUTSIDE = new Prompt.Point(1, 100, 32, true);

  @TempDir Path folder;

  private String yaml() throws IOException {
    Path encoder = SmallSegmenter.resource("rounds.encoder.onnx");
    Path decoder = SmallSegmenter.resource("rounds.decoder.onnx");
    Path proposals = SmallSegmenter.resource("rounds.proposals.onnx");
    return """
    name: rounds
    engine: onnxruntime
    threads: 1
    files:
      encoder: {source: "file:%s", sha256: %s}
      decoder: {source: "file:%s", sha256: %s}
      proposals: {source: "file:%s", sha256: %s}
    input:
      {height: 256, width: 256, resize: longest-side, scale: "0..1", mean: [0, 0, 0], std: [1, 1, 1]}
    layers: {embedding: image_embeddings}
    decoder: {kind: sam}
    granularity: {nearest: 3, minScore: 0.3}
    """
        .formatted(
            encoder,
            Sha256.ofFile(encoder),
            decoder,
            Sha256.ofFile(decoder),
            proposals,
            Sha256.ofFile(proposals));
  }

  private LocalTeacher teacher() throws IOException {
    return SmallSegmenter.files(SmallSegmenter.write(folder, yaml()));
  }

  private static long positive(FloatTensor logits) {
    long cells = 0;
    for (float v : logits.data()) {
      cells += v > 0 ? 1 : 0;
    }
    return cells;
  }

  private static Map<String, FloatTensor> features(Teacher teacher) {
    return teacher.encode(List.of(SmallSegmenter.image(WIDTH, HEIGHT))).get(0);
  }

  /**
   * 16×16 cells of four pixels in the box, and four beside it within 24 pixels of the point; the
   * mask for several prompts has a predicted IoU of 0.95.
   */
  @Test
  void isAskedWithTheBoxThatIsProposedAroundIt() throws IOException {
    try (Teacher teacher = teacher().open();
        Teacher.Asking image = teacher.asking(features(teacher), WIDTH, HEIGHT)) {
      MaskAnswer answer = image.answer(INSIDE);

      assertThat(positive(answer.logits())).isEqualTo(260);
      assertThat(answer.predictedIou()).isEqualTo(0.95f);
      MaskAnswer clicked = image.refine(Clicks.of(INSIDE), 1).answer();
      assertThat(clicked.logits().data()).containsExactly(answer.logits().data());
      Clicks same =
          new Clicks(
              List.of(INSIDE), Optional.of(new Prompt.Box(1, 28, 12, 60, 44)), Optional.empty());
      assertThat(image.refine(same, 1).answer().logits().data())
          .containsExactly(answer.logits().data());
    }
  }

  @Test
  void whatIsMoreThanALonePointIsAskedAsItIs() throws IOException {
    LocalTeacher with = teacher();
    var without =
        new LocalTeacher(with.config().withoutGranularity(), with.encoder(), with.decoder(), null);
    try (Teacher teacher = with.open();
        Teacher plain = without.open()) {
      Map<String, FloatTensor> features = features(teacher);
      try (Teacher.Asking image = teacher.asking(features, WIDTH, HEIGHT);
          Teacher.Asking as = plain.asking(features, WIDTH, HEIGHT)) {
        Prompt.Point aside = new Prompt.Point(1, 65, 32, false);
        Optional<FloatTensor> found = as.refine(Clicks.of(INSIDE), 1).carried();
        for (Clicks clicks :
            List.of(
                Clicks.of(OUTSIDE), // no sure proposal holds it
                Clicks.of(aside),
                Clicks.of(INSIDE).then(aside, Optional.empty()),
                new Clicks(List.of(INSIDE), Optional.empty(), found),
                Clicks.of(new Prompt.Box(1, 20, 30, 45, 60)))) {
          assertThat(image.refine(clicks, 1).answer().logits().data())
              .as("%s", clicks)
              .containsExactly(as.refine(clicks, 1).answer().logits().data());
        }
        assertThat(positive(as.answer(INSIDE).logits())).isEqualTo(52);
      }
    }
  }

  /** Answers are others, features are not. */
  @Test
  void thePriorIsPartOfTheDecodersIdentityAlone() throws IOException {
    TeacherConfig config = teacher().config();
    TeacherSpec spec = config.spec();
    TeacherSpec without = config.withoutGranularity().spec();

    assertThat(spec.encoderDigest()).isEqualTo(without.encoderDigest());
    assertThat(spec.preprocessing()).isEqualTo(without.preprocessing());
    assertThat(without.decoderDigest().hex())
        .as("that of a teacher that never had any")
        .isEqualTo(config.files().decoder().sha256());
    assertThat(
            List.of(
                spec.decoderDigest(),
                load(yaml().replace("nearest: 3", "nearest: 4")).spec().decoderDigest(),
                load(yaml().replace("0.3}", "0.4}")).spec().decoderDigest(),
                without.decoderDigest()))
        .doesNotHaveDuplicates();
    assertThat(config.named("other").spec().decoderDigest()).isEqualTo(spec.decoderDigest());
  }

  @Test
  void whatDoesNotGoTogetherIsRefusedNamingFileAndKey() throws IOException {
    refused(
        yaml().replaceAll("(?m)^ *granularity:.*\n", ""),
        "files.proposals is given without granularity: (nearest and minScore)");
    refused(
        yaml().replaceAll("(?m)^ *proposals:.*\n", ""),
        "granularity is given without files.proposals (its source and sha256)");
    refused(
        yaml().replace("kind: sam", "kind: sam, boxes_only: true"),
        "a decoder of kind sam takes boxes alone, and a point is asked together with a box");
    refused(
        yaml().replace("kind: sam", "kind: dense-points"),
        "a decoder of kind dense-points takes points alone");
    refused(
        yaml().replace("engine: onnxruntime", "engine: pytorch"),
        "an ONNX file, which engine pytorch does not run");
    refused(yaml().replace("nearest: 3", "nearest: 0"), "granularity.nearest: must have a minimum");
    refused(yaml().replace("0.3}", "1.5}"), "granularity.minScore: must have a maximum value of 1");
    refused(yaml().replace("nearest: 3, ", ""), "nearest");
  }

  private void refused(String yaml, String message) {
    assertThatThrownBy(() -> load(yaml))
        .isInstanceOf(ConfigException.class)
        .hasMessageContainingAll("Invalid configuration", ".yaml", message);
  }

  @Test
  void aFileThatIsNoProposalsIsNamed() throws IOException {
    Path decoder = SmallSegmenter.resource("rounds.decoder.onnx");
    String other =
        yaml()
            .replaceAll(
                "proposals: \\{.*",
                "proposals: {source: \"file:%s\", sha256: %s}"
                    .formatted(decoder, Sha256.ofFile(decoder)));
    LocalTeacher files = SmallSegmenter.files(SmallSegmenter.write(folder, other));
    assertThat(TeacherCheck.run(files, List.of()).problems())
        .contains("proposals names 'scores', the file has [masks, iou_predictions, low_res_masks]");
    assertThatThrownBy(files::open)
        .isInstanceOf(TeacherException.class)
        .hasMessageContaining("its YAML names proposals' outputs [scores, distances]");
    assertThat(TeacherCheck.run(teacher(), List.of()).fits()).isTrue();
  }

  private TeacherConfig load(String yaml) throws IOException {
    return TeacherConfig.load(Files.writeString(folder.resolve("teacher.yaml"), yaml));
  }
}
