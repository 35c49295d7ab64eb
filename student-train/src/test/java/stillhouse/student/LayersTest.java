package stillhouse.student;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.GradientCollector;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Layers against PyTorch's own figures, made by {@code reference/student_layers.py}. */
class LayersTest {
  private static Map<String, float[]> reference;
  private NDManager manager;
  private Weights weights;

  @BeforeAll
  static void read() throws IOException {
    Path file = Path.of("src/test/resources/reference/student_layers.txt");
    reference =
        Files.readAllLines(file).stream()
            .map(line -> List.of(line.split(" ")))
            .collect(Collectors.toMap(w -> w.get(0), w -> floats(w.subList(1, w.size()))));
  }

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

  @Test
  void batchNormTrainsAndInfersAsTorchDoes() {
    BatchNorm2d norm = new BatchNorm2d(weights, "norm", 3, 1);
    set("norm.gamma", 1, 1.1, 0.5);
    set("norm.beta", 0, 0.9, 0.3);
    norm.forward(wave(0.7, 2, 2, 3, 2, 4), true);
    NDArray x = wave(0.31, 3, 2, 3, 2, 4);
    x.setRequiresGradient(true);
    try (GradientCollector gradients = Engine.getEngine("PyTorch").newGradientCollector()) {
      NDArray y = norm.forward(x, true);
      gradients.backward(y.mul(wave(0.5, 1, 2, 3, 2, 4)).sum());
      close(y, "norm.training");
    }
    close(weights.get("norm.mean"), "norm.mean");
    close(weights.get("norm.variance"), "norm.variance");
    close(x.getGradient(), "norm.gradient.x");
    close(weights.get("norm.gamma").getGradient(), "norm.gradient.gamma");
    close(norm.forward(x, false), "norm.inference");
  }

  @Test
  void convolutionTakesStrideDilationAndGroups() {
    Kernel kernel = new Kernel(4, 6, 3, 2, 2, 2);
    Convolution layer = Convolution.biased(weights, "c", kernel, 1);
    set("c.weight", 0, 0.17, 0.4);
    set("c.bias", 0, 0.8, 0.2);
    close(layer.forward(wave(0.3, 1, 1, 4, 7, 6), false), "convolution");
  }

  @ParameterizedTest
  @EnumSource(Nonlinearity.class)
  void activationsAreTorchs(Nonlinearity activation) {
    NDArray y = activation.forward(wave(0.4, 4, 24), false);
    close(y, activation.name().toLowerCase(Locale.ROOT));
  }

  @Test
  void windowAttentionWithPaddingIsTheTinyVitOne() {
    WindowAttention layer = WindowAttention.tinyVit(weights, "a", 6, 2, 4, 6, 7);
    set("a.norm.gamma", 1, 1.3, 0.3);
    set("a.norm.beta", 0, 0.6, 0.4);
    set("a.qkv.weight", 0, 0.37, 0.6);
    set("a.qkv.bias", 0, 0.41, 0.2);
    set("a.projection.weight", 0, 0.53, 0.5);
    set("a.projection.bias", 0, 0.7, 0.1);
    set("a.biases", 0, 0.9, 0.8);
    close(layer.forward(wave(0.23, 1.5, 2, 6, 6, 7), false), "attention");
  }

  @Test
  void aKernelThatSplitsNoChannelsIsRefused() {
    assertThatThrownBy(() -> new Kernel(4, 6, 3, 1, 1, 4))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith("Invalid convolution: 4 to 6 channels, kernel 3, groups 4");
  }

  private NDArray wave(double step, double scale, long... shape) {
    Shape s = new Shape(shape);
    return manager.create(Fixtures.wave((int) s.size(), step, scale), s);
  }

  private void set(String name, double offset, double step, double scale) {
    NDArray array = weights.get(name);
    float[] values = Fixtures.wave((int) array.size(), step, scale);
    for (int i = 0; i < values.length; i++) {
      values[i] += (float) offset;
    }
    array.set(values);
  }

  private static void close(NDArray actual, String name) {
    float[] expected = reference.get(name);
    float[] values = actual.toFloatArray();
    assertThat(values).hasSameSizeAs(expected);
    for (int i = 0; i < values.length; i++) {
      assertThat(values[i]).as("%s[%d]", name, i).isCloseTo(expected[i], within(2e-5f));
    }
  }

  private static float[] floats(List<String> words) {
    float[] values = new float[words.size()];
    for (int i = 0; i < values.length; i++) {
      values[i] = Float.parseFloat(words.get(i));
    }
    return values;
  }
}
