package stillhouse.decoder;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import stillhouse.student.PublishedWeights;
import stillhouse.student.SafeTensorFile;
import stillhouse.student.Weights;

/**
 * The decoder against the package transformers, whose answers {@code reference/sam_decoder.py}
 * froze: a small one and one of SAM's size.
 */
class DecoderReferenceTest {
  private static final float WITHIN = 1e-4f;
  private static final PromptGrid SMALL_GRID = new PromptGrid(8, 8, 8);
  private static final Map<String, String[]> FIGURES = new HashMap<>();

  @TempDir Path folder;

  @BeforeAll
  static void read() throws IOException {
    for (String line :
        Files.readAllLines(Path.of("src/test/resources/reference/sam_decoder.txt"))) {
      String[] words = line.split(" ");
      boolean answer = words[2].equals("masks") || words[2].equals("ious");
      FIGURES.put(String.join(" ", Arrays.copyOf(words, answer ? 3 : 2)), words);
    }
  }

  @Test
  void answersAsTransformersDoes() {
    try (NDManager manager = Decoders.manager();
        Weights weights = new Weights(manager, 1)) {
      PromptableDecoder decoder =
          PromptableDecoder.create(Decoders.small(), SMALL_GRID, Decoders.PREFIX, weights);
      Decoders.fill(weights);
      NDArray image = Decoders.noise(manager, "embedding", 1, 1, 32, 8, 8);
      assertSmallAnswers(decoder, image);
    }
  }

  private static void assertSmallAnswers(PromptableDecoder decoder, NDArray image) {
    assertPoints("small", decoder, image);
    assertBoxes("small", decoder, image);
    assertPointInBox("small", decoder, image);
    assertPointsAfterAMask("small", decoder, image);
  }

  @Test
  void answersAsTransformersDoesAtSamsSize() {
    try (NDManager manager = Decoders.manager();
        Weights weights = new Weights(manager, 1)) {
      PromptGrid grid = new PromptGrid(64, 64, 16);
      PromptableDecoder decoder =
          PromptableDecoder.create(PromptDecoderConfig.sam(), grid, Decoders.PREFIX, weights);
      weights.train(name -> false);
      Decoders.fill(weights);
      NDArray image = Decoders.noise(manager, "embedding", 1, 1, 256, 64, 64);
      assertPointInBox("sam", decoder, image);
      assertPointsAfterAMask("sam", decoder, image);
    }
  }

  @Test
  void weightsAreReadUnderBothNames() {
    SafeTensorFile transformers = new SafeTensorFile();
    SafeTensorFile sam = new SafeTensorFile();
    try (NDManager manager = Decoders.manager();
        Weights weights = new Weights(manager, 1)) {
      PromptableDecoder decoder =
          PromptableDecoder.create(Decoders.small(), SMALL_GRID, Decoders.PREFIX, weights);
      FIGURES.forEach((key, words) -> addTensor(transformers, words));
      for (String name : weights.names()) {
        String own = name.substring(Decoders.PREFIX.length());
        long[] shape = weights.get(name).getShape().getShape();
        sam.floats(
            DecoderNames.SAM.published(own),
            sides(shape),
            Decoders.values(DecoderNames.TRANSFORMERS.published(own), shape));
      }
      NDArray image = Decoders.noise(manager, "embedding", 1, 1, 32, 8, 8);
      for (SafeTensorFile each : List.of(transformers, sam)) {
        weights.trainable().values().forEach(tensor -> tensor.set(new float[size(tensor)]));
        each.metadata("heads", "4"); // SAM's own has 8
        Path file = each.write(folder.resolve("decoder.safetensors"));
        PublishedWeights.Report report =
            PublishedDecoder.load(file, decoder, weights, NDArray::set);
        assertThat(report.taken()).containsExactlyInAnyOrderElementsOf(weights.names());
        assertThat(report.fresh()).isEmpty();
        assertThat(report.leftOut()).isEmpty();
        assertSmallAnswers(decoder, image);
      }
    }
  }

  private static int size(NDArray tensor) {
    return Math.toIntExact(tensor.size());
  }

  private static void addTensor(SafeTensorFile file, String[] words) {
    if (words[0].equals("tensor")) {
      long[] shape = Arrays.stream(words[2].split(",")).mapToLong(Long::parseLong).toArray();
      file.floats(words[1], words[2], Decoders.values(words[1], shape));
    }
  }

  private static String sides(long[] shape) {
    return Arrays.toString(shape).replaceAll("[\\[\\] ]", "");
  }

  private static void assertPoints(String name, PromptableDecoder decoder, NDArray image) {
    NDManager manager = image.getManager();
    NDArray points =
        Decoders.points(
            manager, decoder.grid(), 2, 0.3, 0.4, 0.8, 0.6, 0, 0, 0.1, 0.9, 0.55, 0.2, 0, 0);
    NDArray labels = Decoders.labels(manager, 2, 1, 0, -1, 1, -1, -1);
    assertAnswer(name + " points", decoder.forward(image, points, labels, false));
  }

  private static void assertBoxes(String name, PromptableDecoder decoder, NDArray image) {
    NDManager manager = image.getManager();
    NDArray corners = Decoders.points(manager, decoder.grid(), 2, 0.2, 0.15, 0.7, 0.8, 0, 0, 1, 1);
    NDArray labels = Decoders.labels(manager, 2, 2, 3, 2, 3);
    assertAnswer(name + " box", decoder.forward(image, corners, labels, false));
  }

  private static void assertPointInBox(String name, PromptableDecoder decoder, NDArray image) {
    NDManager manager = image.getManager();
    NDArray points =
        Decoders.points(
            manager,
            decoder.grid(),
            2,
            0.45,
            0.5,
            0.2,
            0.15,
            0.7,
            0.8,
            0.9,
            0.1,
            0.2,
            0.15,
            0.7,
            0.8);
    NDArray labels = Decoders.labels(manager, 2, 1, 2, 3, 0, 2, 3);
    assertAnswer(name + " point-in-box", decoder.forward(image, points, labels, false));
  }

  private static void assertPointsAfterAMask(
      String name, PromptableDecoder decoder, NDArray image) {
    NDManager manager = image.getManager();
    NDArray points = Decoders.points(manager, decoder.grid(), 2, 0.3, 0.4, 0, 0, 0.7, 0.7, 0, 0);
    NDArray labels = Decoders.labels(manager, 2, 1, -1, 0, -1);
    int side = 4 * decoder.grid().height();
    NDArray mask = Decoders.noise(manager, "mask", 6, 2, 1, side, side);
    assertAnswer(
        name + " points-after-a-mask", decoder.forward(image, points, labels, mask, false));
  }

  private static void assertAnswer(String name, PromptedMasks answer) {
    assertValues(name + " masks", answer.masks().toFloatArray());
    assertValues(name + " ious", answer.ious().toFloatArray());
  }

  /** The mean of all absolute values, the step between those that follow, and these. */
  private static void assertValues(String name, float[] values) {
    String[] words = FIGURES.get(name);
    double sum = 0;
    for (float v : values) {
      sum += Math.abs(v);
    }
    assertThat(sum / values.length)
        .as(name)
        .isCloseTo(Double.parseDouble(words[3]), within((double) WITHIN));
    int step = Integer.parseInt(words[4]);
    assertThat((values.length + step - 1) / step).as(name).isEqualTo(words.length - 5);
    for (int i = 5; i < words.length; i++) {
      assertThat(values[(i - 5) * step])
          .as("%s[%d]", name, (i - 5) * step)
          .isCloseTo(Float.parseFloat(words[i]), within(WITHIN));
    }
  }
}
