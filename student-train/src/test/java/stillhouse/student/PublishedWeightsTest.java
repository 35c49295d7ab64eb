package stillhouse.student;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import stillhouse.conf.ConfigException;

class PublishedWeightsTest {
  @TempDir Path folder;
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

  /** Every tensor is read by its published name, so a name or a layer that is wrong shows. */
  @ParameterizedTest
  @ValueSource(strings = {"tinyvit", "repvit", "resnet", "swin"})
  void encodersComputeWhatTimmsDoWithTheSameFile(String network) throws IOException {
    PublishedEncoder published = PublishedEncoder.of(network);
    StudentConfig config = config(network, published.file());
    boolean wide = network.equals("swin");
    int height = wide ? 96 : 64;
    int width = wide ? 160 : 96;
    var student = (PyramidStudent) Students.create(config, 1, height, width, weights);
    PublishedWeights.load(config, weights, NDArray::set);
    List<NDArray> maps = student.encode(PublishedEncoder.image(manager, 2, height, width), false);
    assertThat(maps).hasSize(4);
    for (int level = 0; level < 4; level++) {
      requireAlike(maps.get(level), published, level);
    }
  }

  /** The last stage keeps the grid of the one before; the fifth map is the neck's. */
  @Test
  void theNecksEncoderComputesWhatMobileSamsDoesWithTheSameFile() throws IOException {
    PublishedEncoder published = PublishedEncoder.of("mobilesam");
    StudentConfig config = config("mobilesam", published.file());
    Student student = Students.create(config, 1, 64, 96, weights);
    PublishedWeights.Report report =
        PublishedWeights.load(config, weights, NDArray::set).orElseThrow();
    StudentOutput out =
        student.forward(PublishedEncoder.image(manager, 2, 64, 96), EnumSet.noneOf(Part.class));
    for (int level = 0; level < 4; level++) {
      requireAlike(out.levels().get(level), published, level);
    }
    requireAlike(out.embedding(), published, 4);
    assertThat(report.taken()).contains("student.neck0.weight", "student.neck3.beta");
    assertThat(report.fresh()).isNotEmpty().allMatch(n -> n.startsWith("student.head."));
    assertThat(report.leftOut())
        .contains("image_encoder.head.weight", "image_encoder.norm_head.bias")
        .allMatch(n -> n.matches("image_encoder\\.((norm_)?head\\..*|.*num_batches_tracked)"));
  }

  /** A TinyViT that knows no neck: it starts fresh. */
  @Test
  void theNecksEncoderTakesTimmsFileToo() throws IOException {
    SafeTensorFile file = PublishedEncoder.of("tinyvit").file();
    StudentConfig necked = necked(List.of(16, 24, 32, 48), List.of(1, 2, 3, 1), List.of(2, 4, 3));
    StudentConfig config = SafeTensorFile.startingFrom(path(file), necked);
    Students.create(config, 1, 64, 96, weights);
    PublishedWeights.Report report =
        PublishedWeights.load(config, weights, NDArray::set).orElseThrow();
    assertThat(report.fresh())
        .contains("student.neck0.weight")
        .allMatch(n -> n.matches("student\\.(neck\\d|head)\\..*"));
  }

  @Test
  void reportsWhatWasTakenWhatIsFreshAndWhatWasLeftOut() throws IOException {
    StudentConfig config = config("resnet", PublishedEncoder.of("resnet").file());
    Students.create(config, 1, 64, 96, weights);
    float[] decoder = weights.get("student.decoder.lateral0.conv.weight").toFloatArray();
    PublishedWeights.Report report =
        PublishedWeights.load(config, weights, NDArray::set).orElseThrow();
    // 1 + 6·3 + 4 convolutions, each with its normalisation's four tensors
    assertThat(report.taken()).hasSize(23 * 5).contains("student.stem.conv.weight");
    assertThat(report.fresh())
        .allMatch(n -> n.matches("student\\.(decoder|fuse|head)\\..*"))
        .contains("student.head.bias");
    assertThat(report.leftOut())
        .contains("fc.weight", "fc.bias", "bn1.num_batches_tracked")
        .allMatch(n -> n.startsWith("fc.") || n.endsWith("num_batches_tracked"));
    assertThat(weights.names()).hasSize(report.taken().size() + report.fresh().size());
    assertThat(weights.get("student.decoder.lateral0.conv.weight").toFloatArray())
        .isEqualTo(decoder);
  }

  @Test
  void withoutAFileNothingIsFilled() {
    StudentConfig config = Fixtures.network("repvit");
    Students.create(config, 1, 64, 96, weights);
    assertThat(PublishedWeights.load(config, weights, (t, v) -> t.set(v))).isEmpty();
  }

  @Test
  void listsEveryTensorThatDoesNotFitAndFillsNone() throws IOException {
    SafeTensorFile file = new SafeTensorFile();
    for (String[] tensor : PublishedEncoder.of("resnet").tensors()) {
      if (tensor[2].equals("bn1.bias")) {
        file.floats("layer5.0.conv1.weight", "1", 0);
      } else if (tensor[2].equals("layer1.0.conv2.weight")) {
        file.floats(tensor[2], "1,1,3,3", new float[9]);
      } else {
        file.bytes(tensor[2], "U8", tensor[4], new byte[size(tensor[4])]);
      }
    }
    StudentConfig config = config("resnet", file);
    Students.create(config, 1, 64, 96, weights);
    assertThatThrownBy(
            () ->
                PublishedWeights.load(
                    config,
                    weights,
                    (t, v) -> {
                      throw new AssertionError("filled " + t);
                    }))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining("they are of another network than the student.")
        .hasMessageContaining("\n  - bn1.bias: not in the file (student.stem.norm.beta of the stu")
        .hasMessageContaining(
            "\n  - layer1.0.conv2.weight: [1, 1, 3, 3] in the file,"
                + " student.stage0.block0.square.conv.weight is [64, 64, 3, 3] in the student")
        .hasMessageContaining("\n  - layer5.0.conv1.weight: in the file, and not in the student");
  }

  @Test
  void refusesAFileThatIsNotTheOneNamed() throws IOException {
    Path file = PublishedEncoder.of("resnet").file().write(folder.resolve("r.safetensors"));
    StudentConfig config = SafeTensorFile.startingFrom(file, network("resnet"));
    new SafeTensorFile().floats("other", "1", 1).write(file);
    assertThatThrownBy(() -> PublishedWeights.load(config, weights, NDArray::set))
        .isInstanceOf(ConfigException.class)
        .hasMessageStartingWith("Cannot use pretrained weights " + file + ": SHA-256 ")
        .hasMessageContaining("expects " + config.pretrained().sha256())
        .hasMessageEndingWith("set pretrained.sha256.");
  }

  @Test
  void refusesAFileThatIsNotThere() throws IOException {
    Path file = new SafeTensorFile().write(folder.resolve("gone.safetensors"));
    StudentConfig config = SafeTensorFile.startingFrom(file, network("resnet"));
    Files.delete(file);
    assertThatThrownBy(() -> PublishedWeights.load(config, weights, NDArray::set))
        .isInstanceOf(ConfigException.class)
        .hasMessageStartingWith("Cannot read pretrained weights " + file + ": no such file.");
  }

  @Test
  void refusesValuesThatAreNotFinite() throws IOException {
    SafeTensorFile file = new SafeTensorFile();
    for (String[] tensor : PublishedEncoder.of("resnet").tensors()) {
      float[] values = new float[size(tensor[4])];
      Arrays.fill(values, tensor[2].equals("layer4.0.bn3.bias") ? Float.NaN : 1);
      file.floats(tensor[2], tensor[4], values);
    }
    StudentConfig config = config("resnet", file);
    Students.create(config, 1, 64, 96, weights);
    assertThatThrownBy(() -> PublishedWeights.load(config, weights, NDArray::set))
        .isInstanceOf(ConfigException.class)
        .hasMessageEndingWith("layer4.0.bn3.bias holds NaN");
  }

  @ParameterizedTest
  @CsvSource({
    "2, '0,1,10,11'", // no farther than the window was
    "3, '0,1,2,10,11,12,20,21,22'", // the same
    "4, '0,1,2,2,10,11,12,12,20,21,22,22,20,21,22,22'" // distance 3 as 2
  })
  void biasesKeepTheirDistances(int side, String expected) {
    float[] of3 = {0, 1, 2, 10, 11, 12, 20, 21, 22};
    float[] twoHeads = Arrays.copyOf(of3, 18);
    for (int i = 0; i < 9; i++) {
      twoHeads[9 + i] = -of3[i];
    }
    float[] resized = BiasTables.distances(twoHeads, 2, side);
    String first =
        IntStream.range(0, side * side)
            .mapToObj(i -> String.valueOf((int) resized[i]))
            .collect(Collectors.joining(","));
    assertThat(first).isEqualTo(expected);
    for (int i = 0; i < side * side; i++) {
      assertThat(resized[side * side + i]).isEqualTo(-resized[i]);
    }
  }

  @Test
  void offsetsKeepTheirBiases() {
    float[] of2 = {0, 1, 2, 3, 4, 5, 6, 7, 8}; // Δy, Δx in −1…1, one head
    assertThat(BiasTables.offsets(of2, 1, 3)).isEqualTo(of2);
    assertThat(BiasTables.offsets(of2, 1, 5))
        .containsExactly(0, 0, 1, 2, 2, 0, 0, 1, 2, 2, 3, 3, 4, 5, 5, 6, 6, 7, 8, 8, 6, 6, 7, 8, 8);
    assertThat(BiasTables.offsets(new float[] {1, -1, 2, -2}, 4, 1)).containsExactly(1, -1, 2, -2);
  }

  @Test
  void windowsOfAnotherSideTakeTheBiasesThatTheyKnow() throws IOException {
    StudentConfig narrow = config("tinyvit", PublishedEncoder.of("tinyvit").file());
    StudentConfig wide =
        new StudentConfig(
            "wide",
            narrow.network(),
            narrow.norm(),
            narrow.channels(),
            narrow.depths(),
            16,
            24,
            narrow.heads(),
            List.of(4, 8, 2),
            narrow.pretrained());
    Students.create(wide, 1, 64, 96, weights);
    PublishedWeights.load(wide, weights, NDArray::set);
    float[] biases = weights.get("student.stage2.block1.attention.biases").toFloatArray();
    assertThat(biases).hasSize(4 * 64);
    assertThat(biases[8 + 3]).isEqualTo(biases[8 + 7]).isNotEqualTo(biases[8 + 2]);
  }

  private void requireAlike(NDArray map, PublishedEncoder published, int level) {
    long[] shape = map.getShape().getShape();
    assertThat(Arrays.stream(shape).mapToObj(String::valueOf).collect(Collectors.joining(",")))
        .isEqualTo(published.shapeOfMap(level));
    float[] expected = published.valuesOfMap(level);
    float[] all = map.toFloatArray();
    float largest = 0;
    for (float v : all) {
      largest = Math.max(largest, Math.abs(v));
    }
    assertThat(largest).isPositive();
    int step = all.length / 48; // as student_encoders.py takes them
    for (int i = 0; i < expected.length; i++) {
      assertThat(all[i * step])
          .as("map %d, value %d", level, i * step)
          .isCloseTo(expected[i], within(1e-4f * largest));
    }
  }

  private StudentConfig config(String network, SafeTensorFile file) {
    return SafeTensorFile.startingFrom(path(file), network(network));
  }

  private Path path(SafeTensorFile file) {
    return file.write(folder.resolve("published.safetensors"));
  }

  private static StudentConfig necked(
      List<Integer> channels, List<Integer> depths, List<Integer> heads) {
    return new StudentConfig(
        "small",
        StudentConfig.Network.TINYVIT_NECK,
        Norm.BATCH,
        channels,
        depths,
        null,
        256,
        heads,
        List.of(4, 3, 2),
        null);
  }

  private static StudentConfig network(String name) {
    return switch (name) {
      case "tinyvit" ->
          small(StudentConfig.Network.TINYVIT, List.of(2, 4, 3), List.of(4, 4, 2), 1, 2, 3, 1);
      case "swin" ->
          new StudentConfig(
              "small",
              StudentConfig.Network.SWIN,
              Norm.BATCH,
              List.of(8, 16, 32, 64),
              List.of(1, 2, 2, 2),
              16,
              24,
              List.of(2, 4, 4, 8),
              List.of(5, 5, 4, 3),
              null);
      case "mobilesam" -> necked(List.of(16, 24, 32, 320), List.of(1, 2, 1, 1), List.of(2, 4, 5));
      case "repvit" -> small(StudentConfig.Network.REPVIT, List.of(), List.of(), 1, 2, 3, 1);
      default ->
          new StudentConfig(
              "small",
              StudentConfig.Network.RESNET,
              Norm.BATCH,
              List.of(256, 24, 32, 48),
              List.of(1, 2, 2, 1),
              16,
              24,
              List.of(),
              List.of(),
              null);
    };
  }

  private static StudentConfig small(
      StudentConfig.Network network,
      List<Integer> heads,
      List<Integer> windows,
      Integer... depths) {
    return new StudentConfig(
        "small",
        network,
        Norm.BATCH,
        List.of(16, 24, 32, 48),
        List.of(depths),
        16,
        24,
        heads,
        windows,
        null);
  }

  private static int size(String sides) {
    return sides.isEmpty()
        ? 1
        : Arrays.stream(sides.split(",")).mapToInt(Integer::parseInt).reduce(1, (a, b) -> a * b);
  }
}
