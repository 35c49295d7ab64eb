package stillhouse.decoder;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtSession;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import stillhouse.student.Weights;

/**
 * {@link PromptInput}: a teacher of 128×128 pixels, a student of 32×32, and both decoders upon 8×8
 * cells.
 */
class PromptPlacesTest {
  private static final PromptGrid TEACHER = new PromptGrid(8, 8, 16);
  private static final PromptGrid ONLINE = new PromptGrid(8, 8, 1, TEACHER.madeFor());
  private static final PromptGrid STUDENT = new PromptGrid(8, 8, 4, TEACHER.madeFor());
  private static final PromptGrid ALONE = new PromptGrid(8, 8, 4);

  @TempDir Path folder;
  private NDManager manager;

  @BeforeEach
  void open() {
    manager = Decoders.manager();
  }

  @AfterEach
  void close() {
    manager.close();
  }

  @Test
  void onePlaceOfAnImageIsToldByOneCodeWhateverTheInput() throws Exception {
    float[] asked = answer(TEACHER);
    assertThat(answer(ONLINE)).containsExactly(asked, within(1e-5f));
    assertThat(answer(STUDENT)).containsExactly(asked, within(1e-5f));
    assertThat(answerOfFile(TEACHER)).containsExactly(asked, within(1e-4f));
    assertThat(answerOfFile(STUDENT)).containsExactly(asked, within(1e-4f));
    float[] alone = answer(ALONE);
    double most = 0;
    for (int i = 0; i < alone.length; i++) {
      most = Math.max(most, Math.abs(alone[i] - asked[i]));
    }
    assertThat(most).as("by half a pixel of 32 and of 128").isGreaterThan(1e-2);
  }

  /** (6 + ½) / 32 of a decoder's own input; 6 / 32 + ½ / 128 of a teacher's. */
  @Test
  void thePlaceIsTheCoordinatesAndHalfAPixelOfTheInputThatTheWeightsWereMadeFor() {
    try (Weights weights = new Weights(manager, 1)) {
      var config = Decoders.small();
      for (PromptGrid grid : new PromptGrid[] {ALONE, STUDENT}) {
        var encoder = new PromptEncoder(weights, "p" + grid.madeFor().width(), config, grid);
        var code =
            new PositionalEncoding(weights, "m" + grid.madeFor().width(), config.channels(), 1);
        NDArray matrix = weights.get("m" + grid.madeFor().width());
        matrix.set(
            weights
                .get("p" + grid.madeFor().width() + ".pe_layer.positional_encoding_gaussian_matrix")
                .toFloatArray());
        float half = 0.5f / grid.madeFor().width();
        NDArray place =
            manager.create(new float[] {6f / 32 + half, 9f / 32 + half}, new Shape(1, 1, 2));
        NDArray point = manager.create(new float[] {6, 9}, new Shape(1, 1, 2));
        NDArray meaning = weights.get("p" + grid.madeFor().width() + ".point_embeddings.1.weight");
        assertThat(encoder.tokens(point, Decoders.labels(manager, 1, 1)).toFloatArray())
            .containsExactly(
                code.of(place).add(meaning.reshape(1, 1, config.channels())).toFloatArray(),
                within(1e-5f));
      }
    }
  }

  @Test
  void anInputWithoutPixelsIsRefused() {
    assertThatThrownBy(() -> new PromptInput(0, 64))
        .hasMessage("Invalid input of a decoder for prompts: 0×64 (both must be at least 1)");
  }

  private float[] answer(PromptGrid grid) {
    try (Weights weights = new Weights(manager, 7)) {
      PromptedMasks masks =
          decoder(grid, weights)
              .forward(image(), points(grid), Decoders.labels(manager, 1, 1, -1), false);
      return masks.masks().toFloatArray();
    }
  }

  private float[] answerOfFile(PromptGrid grid) throws Exception {
    Path file = folder.resolve("decoder.onnx");
    try (Weights weights = new Weights(manager, 7)) {
      DecoderFile.write(decoder(grid, weights), weights, Map.of(), file);
    }
    OrtEnvironment environment = OrtEnvironment.getEnvironment();
    try (OrtSession session = environment.createSession(file.toString());
        OnnxTensor image = tensor(image());
        OnnxTensor points = tensor(points(grid));
        OnnxTensor labels = tensor(Decoders.labels(manager, 1, 1, -1));
        OrtSession.Result result =
            session.run(
                Map.of(
                    "image_embeddings", image, "point_coords", points, "point_labels", labels))) {
      FloatBuffer masks = ((OnnxTensor) result.get("low_res_masks").orElseThrow()).getFloatBuffer();
      float[] all = new float[masks.remaining()];
      masks.get(all);
      return all;
    }
  }

  private static OnnxTensor tensor(NDArray values) throws Exception {
    return OnnxTensor.createTensor(
        OrtEnvironment.getEnvironment(),
        FloatBuffer.wrap(values.toFloatArray()),
        values.getShape().getShape());
  }

  private NDArray image() {
    return Decoders.noise(manager, "image", 1, 1, 32, 8, 8);
  }

  /** One place of the image, in pixels of the grid's input, and its padding. */
  private NDArray points(PromptGrid grid) {
    return Decoders.points(manager, grid, 1, 0.3, 0.6, 0, 0);
  }

  private static PromptableDecoder decoder(PromptGrid grid, Weights weights) {
    PromptDecoderConfig points = Decoders.small().with(PromptKinds.DENSE_POINTS);
    PromptableDecoder decoder = PromptableDecoder.create(points, grid, Decoders.PREFIX, weights);
    Decoders.fill(weights);
    return decoder;
  }
}
