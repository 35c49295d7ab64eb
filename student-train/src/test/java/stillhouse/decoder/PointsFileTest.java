package stillhouse.decoder;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDManager;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import java.io.IOException;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import stillhouse.data.RgbImage;
import stillhouse.onnx.OnnxExport;
import stillhouse.points.MergedMasks;
import stillhouse.points.PointSegmenter;
import stillhouse.points.PointSettings;
import stillhouse.predict.BrokenNetworkException;
import stillhouse.predict.OnnxSegmenter;
import stillhouse.predict.OnnxSource;
import stillhouse.quantize.GraphCosts;
import stillhouse.student.Fixtures;
import stillhouse.student.Student;
import stillhouse.student.Students;
import stillhouse.student.Weights;
import stillhouse.tensor.FloatTensor;
import stillhouse.tensorrt.OperatorTable;

/** The one file against the two, of a student of random weights that answers all over the place. */
class PointsFileTest {
  private static final int SIDE = 64;
  private static final int CLASSES = 3;
  private static final Map<String, String> METADATA =
      Map.of(
          "stillhouse.classes", "a,b,c",
          "stillhouse.height", "64",
          "stillhouse.width", "64",
          "stillhouse.weights", "w");

  @TempDir Path folder;
  private NDManager manager;
  private Path student;
  private Path decoder;
  private String overflowing = ""; // the part whose sums are beyond FP32

  @BeforeEach
  void open() {
    manager = Decoders.manager();
  }

  @AfterEach
  void close() {
    manager.close();
  }

  private void write(Upsampling upsampling, PromptKinds kinds, String decodersWeights)
      throws IOException {
    try (Weights weights = new Weights(manager, 3)) {
      Student network = Students.create(Fixtures.config("tiny-conv"), CLASSES, SIDE, SIDE, weights);
      overflow(weights, "student.decoder");
      scale(weights, "head", 40); // from "undecided" to logits of some units
      student = folder.resolve("student.onnx");
      OnnxExport.write(network, weights, METADATA, student);
      int channels = network.embeddingChannels();
      PromptDecoderConfig config =
          new PromptDecoderConfig(channels, 1, 4, 16, 2, 16, channels, 3, upsampling, kinds);
      PromptGrid grid = new PromptGrid(SIDE / 4, SIDE / 4, 4);
      PromptableDecoder prompted = PromptableDecoder.create(config, grid, Decoders.PREFIX, weights);
      scale(weights, "iou_prediction_head", 6);
      scale(weights, "output_", 4);
      overflow(weights, "iou_prediction_head");
      overflow(weights, "output_hypernetworks_mlps");
      decoder = folder.resolve("decoder.onnx");
      Map<String, String> metadata = new TreeMap<>(METADATA);
      metadata.put("stillhouse.weights", decodersWeights);
      DecoderFile.write(prompted, weights, metadata, decoder);
    }
  }

  private static float greatest(float[] values) {
    float greatest = values[0];
    for (float value : values) {
      greatest = Math.max(greatest, value);
    }
    return greatest;
  }

  private void overflow(Weights weights, String part) {
    if (part.equals(overflowing)) {
      scale(weights, part, 1e37f);
    }
  }

  private static void scale(Weights weights, String part, float factor) {
    for (String name : weights.names()) {
      if (name.contains(part) && name.endsWith("weight")) {
        float[] values = weights.get(name).toFloatArray();
        for (int i = 0; i < values.length; i++) {
          values[i] *= factor;
        }
        weights.get(name).set(values);
      }
    }
  }

  private Path fused(PointSettings settings) throws IOException {
    byte[] file = PointsFile.of(Files.readAllBytes(student), Files.readAllBytes(decoder), settings);
    return Files.write(folder.resolve("student.fused.onnx"), file);
  }

  /** Images of patches, so that the logits have some structure. */
  private static RgbImage image(long seed) {
    Random random = new Random(seed);
    byte[] rgb = new byte[3 * SIDE * SIDE];
    for (int patch = 0; patch < 40; patch++) {
      int x0 = random.nextInt(SIDE);
      int y0 = random.nextInt(SIDE);
      int size = 4 + random.nextInt(16);
      byte[] colour = new byte[3];
      random.nextBytes(colour);
      for (int y = y0; y < Math.min(SIDE, y0 + size); y++) {
        for (int x = x0; x < Math.min(SIDE, x0 + size); x++) {
          System.arraycopy(colour, 0, rgb, 3 * (y * SIDE + x), 3);
        }
      }
    }
    return new RgbImage(SIDE, SIDE, rgb);
  }

  @ParameterizedTest
  @CsvSource({"TWOFOLD, 12, 0.5", "FOURFOLD, 5, 0.3"})
  void theOneFileSaysWhatTheTwoSay(Upsampling upsampling, int points, double overlap)
      throws IOException {
    write(upsampling, PromptKinds.DENSE_POINTS, "w");
    PointSettings settings = new PointSettings(points, 0.6, 0, overlap, 0.9);
    Path file = fused(settings);
    int masks = 0;
    try (OnnxSegmenter one = OnnxSource.of(file, 1).open();
        PointSegmenter two = PointSegmenter.open(student, decoder, settings, 1)) {
      for (int seed = 0; seed < 8; seed++) {
        FloatTensor expected = two.logits(image(seed));

        FloatTensor actual = one.logits(image(seed));

        assertThat(actual.shape()).containsExactly(CLASSES, SIDE, SIDE);
        for (int i = 0; i < actual.data().length; i++) {
          assertThat(actual.data()[i]).isCloseTo(expected.data()[i], within(1e-3f));
          masks += expected.data()[i] > MergedMasks.NOTHING ? 1 : 0;
        }
      }
      assertThat(one.classNames()).isEqualTo(two.classNames());
      assertThat(one.metadata().properties()).containsEntry("stillhouse.points", "" + points);
    }
    assertThat(masks).as("pixels that some mask speaks of").isPositive();
    ModelProto model = ModelProto.parseFrom(Files.readAllBytes(file));
    assertThat(OperatorTable.published().check(model)).isEmpty();
    assertThat(GraphCosts.of(Files.readAllBytes(file))).isNotEmpty();
  }

  @Test
  void imagesOfABatchDoNotHearOfEachOther() throws Exception {
    write(Upsampling.TWOFOLD, PromptKinds.DENSE_POINTS, "w");
    Path file = fused(new PointSettings(6, 0.6, 0, 0.5, 0.9));
    float[] all = new float[3 * 3 * SIDE * SIDE];
    for (int n = 0; n < 3; n++) {
      byte[] rgb = image(n).rgb();
      for (int i = 0; i < rgb.length; i++) {
        int plane = i % 3 * SIDE * SIDE + i / 3;
        all[n * rgb.length + plane] = (rgb[i] & 0xff) / 255f;
      }
    }
    try (OrtSession session = OrtEnvironment.getEnvironment().createSession(file.toString())) {
      float[] together = logits(session, all, 3);
      assertThat(greatest(together)).as("some mask is kept").isGreaterThan(0);
      for (int n = 0; n < 3; n++) {
        int size = 3 * SIDE * SIDE;
        float[] alone = logits(session, Arrays.copyOfRange(all, n * size, (n + 1) * size), 1);
        for (int i = 0; i < alone.length; i++) {
          assertThat(together[n * alone.length + i]).isCloseTo(alone[i], within(1e-3f));
        }
      }
    }
  }

  /** Weights that are none are refused before: what is left are numbers that grow beyond all. */
  @ParameterizedTest
  @ValueSource(strings = {"student.decoder", "iou_prediction_head", "output_hypernetworks_mlps"})
  void whatIsNoNumberIsNotTakenForNoObject(String part) throws IOException {
    overflowing = part;
    write(Upsampling.TWOFOLD, PromptKinds.DENSE_POINTS, "w");
    PointSettings settings = new PointSettings(6, 0.6, 0, 0.5, 1);
    try (OnnxSegmenter one = OnnxSource.of(fused(settings), 1).open();
        PointSegmenter two = PointSegmenter.open(student, decoder, settings, 1)) {
      assertThatThrownBy(() -> one.logits(image(0))).isInstanceOf(BrokenNetworkException.class);
      assertThatThrownBy(() -> two.logits(image(0))).isInstanceOf(BrokenNetworkException.class);
    }
  }

  private static float[] logits(OrtSession session, float[] images, int count) throws OrtException {
    long[] shape = {count, 3, SIDE, SIDE};
    try (OnnxTensor input =
            OnnxTensor.createTensor(
                OrtEnvironment.getEnvironment(), FloatBuffer.wrap(images), shape);
        OrtSession.Result result = session.run(Map.of("image", input))) {
      FloatBuffer values = ((OnnxTensor) result.get("logits").orElseThrow()).getFloatBuffer();
      float[] copy = new float[values.remaining()];
      values.get(copy);
      return copy;
    }
  }

  @Test
  void filesThatDoNotBelongTogetherAreRefused() throws IOException {
    write(Upsampling.TWOFOLD, PromptKinds.DENSE_POINTS, "others");
    assertThatThrownBy(() -> fused(PointSettings.standard()))
        .hasMessage(
            "Cannot join a student of weights 'w' with a decoder of 'others' (must be of one"
                + " checkpoint). Export the run again with --force");
    write(Upsampling.FOURFOLD, PromptKinds.ALL, "w");
    assertThatThrownBy(() -> fused(PointSettings.standard()))
        .hasMessageStartingWith(
            "Cannot join a decoder of inputs [image_embeddings, point_coords, point_labels,"
                + " mask_input, has_mask_input] (must take points alone");
  }
}
