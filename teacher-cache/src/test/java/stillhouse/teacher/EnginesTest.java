package stillhouse.teacher;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import stillhouse.data.RgbImage;
import stillhouse.identity.Sha256;
import stillhouse.tensor.FloatTensor;

/** The same small network in ONNX Runtime and in PyTorch. */
class EnginesTest {
  private static final RgbImage IMAGE = SmallSegmenter.image(48, 20);

  @TempDir Path folder;

  @Test
  void allEnginesGiveTheFrozenFigures() throws IOException {
    JsonNode figures = SmallSegmenter.figures("small-segmenter.json");
    for (LocalTeacher files :
        List.of(
            SmallSegmenter.onnx(folder),
            SmallSegmenter.tuples(folder),
            SmallSegmenter.dictionaries(folder))) {
      try (Teacher teacher = files.open()) {
        Map<String, FloatTensor> row = teacher.encode(List.of(IMAGE)).get(0);

        assertThat(row.keySet()).containsExactly("embedding", "logits");
        assertThat(row.get("embedding").shape()).containsExactly(6, 8, 8);
        assertThat(row.get("logits").shape()).containsExactly(2, 8, 8);
        assertClose(row.get("embedding"), figures.get("embedding"));
        assertClose(row.get("logits"), figures.get("logits"));
      }
    }
  }

  @Test
  void aRowIsTheSameFirstLastOrAlone() throws IOException {
    List<RgbImage> three =
        List.of(IMAGE, SmallSegmenter.image(32, 32), SmallSegmenter.image(9, 70));
    for (LocalTeacher files : List.of(SmallSegmenter.onnx(folder), SmallSegmenter.tuples(folder))) {
      try (Teacher teacher = files.open()) {
        List<Map<String, FloatTensor>> together = teacher.encode(three);

        for (int i = 0; i < three.size(); i++) {
          float[] alone = teacher.encode(List.of(three.get(i))).get(0).get("embedding").data();
          assertThat(together.get(i).get("embedding").data()).isEqualTo(alone);
        }
        assertThat(teacher.encode(List.of())).isEmpty();
      }
    }
  }

  @Test
  void manyThreadsShareOneTeacher() throws IOException {
    for (LocalTeacher files : List.of(SmallSegmenter.onnx(folder), SmallSegmenter.tuples(folder))) {
      try (Teacher teacher = files.open()) {
        float[] expected = teacher.encode(List.of(IMAGE)).get(0).get("logits").data();

        List<float[]> all =
            IntStream.range(0, 40)
                .parallel()
                .mapToObj(i -> teacher.encode(List.of(IMAGE)).get(0).get("logits").data())
                .toList();

        assertThat(all).allSatisfy(a -> assertThat(a).isEqualTo(expected));
      }
    }
  }

  @Test
  void cutsTheMapsOfALetterBoxedImageToItsFrame() throws IOException {
    String yaml =
        SmallSegmenter.yaml("onnxruntime", "small-segmenter.onnx", "features", "classes")
            .replace("resize: direct", "resize: longest-side");
    try (Teacher teacher = SmallSegmenter.files(SmallSegmenter.write(folder, yaml)).open()) {
      // 64×24 is fitted to 32×12: 3 of the 8 rows of cells.
      Map<String, FloatTensor> wide = teacher.encode(List.of(SmallSegmenter.image(64, 24))).get(0);
      Map<String, FloatTensor> tall = teacher.encode(List.of(SmallSegmenter.image(5, 64))).get(0);

      assertThat(wide.get("embedding").shape()).containsExactly(6, 3, 8);
      assertThat(wide.get("logits").shape()).containsExactly(2, 3, 8);
      assertThat(tall.get("logits").shape()).containsExactly(2, 8, 1);
    }
  }

  @Test
  void refusesALayerWhoseShapeChangesWithTheImage() throws IOException {
    try (Teacher teacher = fickle("1").open()) {
      assertThat(teacher.encode(List.of(plain(0))).get(0).get("embedding").shape())
          .containsExactly(3, 32, 32);
      assertThatThrownBy(() -> teacher.encode(List.of(plain(255))))
          .isInstanceOf(TeacherException.class)
          .hasMessage(
              "Cannot read layer embedding of teacher small: its shape is [2, 32, 32] here and was"
                  + " [3, 32, 32] in the first call (must be the same for every image)");
      assertThat(teacher.encode(List.of(plain(0)))).hasSize(1);
    }
  }

  @Test
  void checkFindsValuesThatNoViewCouldHold() throws IOException {
    assertThat(TeacherCheck.run(fickle("1"), List.of()).problems()).isEmpty();
    assertThat(TeacherCheck.run(fickle("1e-6"), List.of()).problems())
        .containsExactly(
            "Layer embedding holds 501960.8 for a gray image (must be finite and within ±65504:"
                + " views hold it as fp16)");
  }

  /** Gives the image divided by {@code std}; without its last channel where that is light. */
  private LocalTeacher fickle(String std) throws IOException {
    String yaml =
        SmallSegmenter.yaml("onnxruntime", "fickle.onnx", "features", "")
            .replaceAll("batch: .*|logits: .*", "")
            .replaceAll("mean: .*", "mean: [0, 0, 0]")
            .replaceAll("std: .*", "std: [%1$s, %1$s, %1$s]".formatted(std));
    return SmallSegmenter.files(SmallSegmenter.write(folder, yaml));
  }

  private static RgbImage plain(int level) {
    byte[] rgb = new byte[3 * 32 * 32];
    Arrays.fill(rgb, (byte) level);
    return new RgbImage(32, 32, rgb);
  }

  @Test
  void refusesPromptsWithoutADecoder() throws IOException {
    for (LocalTeacher files : List.of(SmallSegmenter.onnx(folder), SmallSegmenter.tuples(folder))) {
      try (Teacher teacher = files.open()) {
        assertThatThrownBy(() -> teacher.decode(Map.of(), 8, 8, new Prompt.Point(1, 2f, 3f, true)))
            .isInstanceOf(UnsupportedOperationException.class)
            .hasMessageContaining("Teacher small takes no prompts");
      }
    }
  }

  @Test
  void refusesAGpuThatIsNotThere() throws IOException {
    for (String file : List.of("small-segmenter.onnx", "small-segmenter.pt")) {
      String engine = file.endsWith(".pt") ? "pytorch" : "onnxruntime";
      String yaml =
          SmallSegmenter.yaml(engine, file, "0", "1").replace("threads: 1", "device: gpu");
      LocalTeacher files = SmallSegmenter.files(SmallSegmenter.write(folder, yaml));

      assertThatThrownBy(files::open)
          .isInstanceOf(TeacherException.class)
          .hasMessageContaining("Cannot open teacher small on gpu 0: ")
          .hasMessageContaining("device: cpu");
    }
  }

  @Test
  void saysWhatTheFileHasWhereTheYamlNamesAnotherTensor() throws IOException {
    String onnx = SmallSegmenter.yaml("onnxruntime", "small-segmenter.onnx", "stage4", "classes");
    LocalTeacher wrong = SmallSegmenter.files(SmallSegmenter.write(folder, onnx));
    assertThatThrownBy(wrong::open)
        .hasMessageContaining("its YAML names outputs [stage4, classes]")
        .hasMessageContaining("the file has [features, classes]");

    String torch = SmallSegmenter.yaml("pytorch", "small-segmenter.pt", "0", "2");
    try (Teacher teacher = SmallSegmenter.files(SmallSegmenter.write(folder, torch)).open()) {
      assertThatThrownBy(() -> teacher.encode(List.of(IMAGE)))
          .hasMessageContaining("Cannot read output '2' of teacher small: it returns [0, 1]");
    }
  }

  @Test
  void saysWhichFileIsNoNetwork() throws IOException {
    Files.writeString(folder.resolve("net.onnx"), "not a network");
    for (String engine : List.of("onnxruntime", "pytorch")) {
      String yaml =
          SmallSegmenter.yaml(engine, "small-segmenter.onnx", "0", "1")
              .replaceAll(
                  "encoder: .*",
                  "encoder: {source: \"file:net.onnx\", sha256: "
                      + Sha256.ofFile(folder.resolve("net.onnx"))
                      + "}");
      LocalTeacher files = SmallSegmenter.files(SmallSegmenter.write(folder, yaml));

      assertThatThrownBy(files::open)
          .isInstanceOf(TeacherException.class)
          .hasMessageContaining("Cannot open teacher small from " + folder.resolve("net.onnx"));
    }
  }

  @Test
  void checkListsTensorsAndWhatDoesNotFit() throws IOException {
    for (LocalTeacher files : List.of(SmallSegmenter.onnx(folder), SmallSegmenter.tuples(folder))) {
      TeacherCheck.Report report = TeacherCheck.run(files, List.of());
      assertThat(report.problems()).isEmpty();
      assertThat(report.layers()).containsEntry("embedding", "[6, 8, 8]");
    }
    String yaml =
        SmallSegmenter.yaml("onnxruntime", "small-segmenter.onnx", "stage4", "classes")
            .replace("height: 32", "name: pixels\n  height: 48");
    LocalTeacher wrong = SmallSegmenter.files(SmallSegmenter.write(folder, yaml));
    TeacherCheck.Report report = TeacherCheck.run(wrong, List.of());
    assertThat(report.fits()).isFalse();
    assertThat(report.tensors()).containsEntry("encoder input image", "[2, 3, 32, 32]");
    assertThat(report.problems())
        .containsExactly(
            "input.name names 'pixels', the file has [image]",
            "layers and logits names 'stage4', the file has [features, classes]");

    String size = yaml.replace("pixels", "image").replace("stage4", "features");
    LocalTeacher tall = SmallSegmenter.files(SmallSegmenter.write(folder, size));
    assertThat(TeacherCheck.run(tall, List.of()).problems())
        .containsExactly("input asks for [2, 3, 48, 32], the file takes [2, 3, 32, 32]");
  }

  @Test
  void checkTellsLogitsFromAnEmbedding() throws IOException {
    LocalTeacher right = SmallSegmenter.onnx(folder);
    assertThat(TeacherCheck.run(right, List.of("dent", "scratch")).problems()).isEmpty();
    assertThat(TeacherCheck.run(right, List.of("dent")).problems())
        .containsExactly(
            "logits hold 2 maps (output 'classes'), the data set has 1 classes [dent]: one map a"
                + " class, background none");
    String yaml =
        SmallSegmenter.yaml("onnxruntime", "small-segmenter.onnx", "features", "features");
    LocalTeacher same = SmallSegmenter.files(SmallSegmenter.write(folder, yaml));
    assertThat(TeacherCheck.run(same, List.of()).problems())
        .containsExactly("logits and layer embedding are the same output 'features'");
  }

  private static void assertClose(FloatTensor actual, JsonNode expected) {
    assertThat(actual.data()).hasSize(expected.size());
    for (int i = 0; i < expected.size(); i++) {
      assertThat(actual.data()[i]).isCloseTo((float) expected.get(i).asDouble(), within(1e-5f));
    }
  }
}
