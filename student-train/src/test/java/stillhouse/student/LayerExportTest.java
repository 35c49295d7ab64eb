package stillhouse.student;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import java.nio.FloatBuffer;
import java.util.Map;
import java.util.function.Function;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import stillhouse.onnx.OnnxGraph;

/** Each layer's two readings, held against each other on [2, 4, 6, 10] maps. */
class LayerExportTest {
  private static final long[] INPUT = {2, 4, 6, 10};

  private static final InputSize.Grid GRID = new InputSize.Grid(6, 10);

  enum Case {
    STRIDED(w -> Convolution.biased(w, "l", Kernel.strided(4, 6, 3, 2), 1)),
    SIDE_BY_SIDE(w -> Convolution.biased(w, "l", Kernel.patches(4, 6, 2), 1)),
    DILATED_GROUPS(w -> Convolution.unbiased(w, "l", new Kernel(4, 6, 3, 1, 2, 2))),
    BATCH_NORM(w -> new BatchNorm2d(w, "l", 4, 1)),
    FOLDED(w -> new ConvNorm(w, "l", Kernel.of(4, 5, 3), Norm.BATCH)),
    NO_NORM(w -> new ConvNorm(w, "l", Kernel.of(4, 5, 3), Norm.NONE)),
    HARD_SWISH(w -> Nonlinearity.HARD_SWISH),
    GELU(w -> Nonlinearity.GELU),
    FACTOR(w -> BilinearResize.by(2, 6, 10)),
    FIXED_SIZE(w -> new BilinearResize(6, 10, 13, 17)),
    SEPARABLE(w -> DepthwiseSeparable.of(w, "l", 4, 7, Norm.BATCH, Nonlinearity.HARD_SWISH)),
    MB_CONV(w -> MbConv.of(w, "l", 4, Norm.BATCH)),
    MERGING(w -> PatchMerging.of(w, "l", 4, 8, 2, Norm.BATCH)),
    REP_VGG(w -> new RepVggDepthwise(w, "l", 4)),
    EXCITE(w -> new SqueezeExcite(w, "l", 4, 6, 10)),
    MAX_POOL(w -> MaxPool.HALVING),
    BOTTLENECK(w -> new Bottleneck(w, "l", 4, 8, 2, Norm.BATCH)),
    PLAIN_BOTTLENECK(w -> new Bottleneck(w, "l", 4, 4, 1, Norm.BATCH)),
    PATCHES(w -> patches(w, Patches.Order.CHANNELS_FIRST)),
    MERGED_PATCHES(w -> patches(w, Patches.Order.COLUMNS_FIRST)),
    SHIFTED_WINDOWS(w -> WindowAttention.swin(w, "l", 4, 2, 2, GRID, true)),
    SHIFTED_PADDED_WINDOWS(w -> WindowAttention.swin(w, "l", 4, 2, 4, GRID, true)),
    SHIFTED_ALONG_ROWS(w -> WindowAttention.swin(w, "l", 4, 2, 7, GRID, true)),
    SWIN_WINDOWS(w -> WindowAttention.swin(w, "l", 4, 2, 4, GRID, false)),
    LAYER_NORM(w -> new LayerNorm(w, "l", 10)),
    LINEAR(w -> new Linear(w, "l", 10, 3)),
    MLP(w -> TokenMlp.of(w, "l", 4, 6, 10)),
    WHOLE_WINDOWS(w -> WindowAttention.tinyVit(w, "l", 4, 2, 2, 6, 10)),
    CLIPPED_WINDOWS(w -> WindowAttention.tinyVit(w, "l", 4, 2, 16, 6, 10)),
    PADDED_WINDOWS(w -> new Residual(WindowAttention.tinyVit(w, "l", 4, 1, 4, 6, 10)));

    private final Function<Weights, Layer> layer;

    Case(Function<Weights, Layer> layer) {
      this.layer = layer;
    }
  }

  @ParameterizedTest
  @EnumSource
  void nodesSayWhatForwardComputes(Case which) throws OrtException {
    try (NDManager manager = Fixtures.manager();
        Weights weights = new Weights(manager, 5)) {
      Layer layer = which.layer.apply(weights);
      Fixtures.disturb(weights);
      NDArray x = Fixtures.uniform(manager, 6, INPUT).sub(0.5).mul(4);
      NDArray y = layer.forward(x, false);
      float[] expected = y.toFloatArray();
      float[] exported = run(layer, x, y.getShape().slice(1).getShape());
      assertThat(exported).hasSameSizeAs(expected);
      for (int i = 0; i < expected.length; i++) {
        assertThat(exported[i]).isCloseTo(expected[i], within(2e-5f));
      }
    }
  }

  private static Layer patches(Weights weights, Patches.Order order) {
    return new Patches(4, GRID, 2, order, 3, Linear.unbiased(weights, "l", 16, 3));
  }

  private static float[] run(Layer layer, NDArray x, long[] shape) throws OrtException {
    OnnxGraph graph = new OnnxGraph("layer");
    String input = graph.input("x", INPUT[1], INPUT[2], INPUT[3]);
    graph.output(layer.export(graph, input), "y", shape);
    OrtEnvironment environment = OrtEnvironment.getEnvironment();
    byte[] model = graph.build(Map.of()).toByteArray();
    try (OrtSession session = environment.createSession(model);
        OnnxTensor tensor =
            OnnxTensor.createTensor(environment, FloatBuffer.wrap(x.toFloatArray()), INPUT);
        OrtSession.Result result = session.run(Map.of("x", tensor))) {
      FloatBuffer values = ((OnnxTensor) result.get(0)).getFloatBuffer();
      float[] copy = new float[values.remaining()];
      values.get(copy);
      return copy;
    }
  }
}
