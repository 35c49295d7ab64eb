package stillhouse.quantize;

import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnxruntime.OnnxTensor;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Which layers INT8 costs most. Each is rounded alone, and the difference of the first output (the
 * logits) is measured on a few images; the worst ones stay in float, 0, 1, 2, 4, 8… of them, until
 * the file differs by no more than a limit or a quarter of the layers is float.
 *
 * <p>A difference is the root mean square of what changed, as a share of the float logits' standard
 * deviation.
 */
public final class Sensitivity {
  /**
   * What a file may differ by. 0.04 moved one pixel in 370 of a trained student to another class.
   */
  public static final double LIMIT = 0.05;

  private static final int SHARE = 4; // beyond a quarter in float, little is left to gain

  /**
   * A layer rounded alone.
   *
   * @param node its name
   */
  public record Layer(String node, double difference) {}

  /**
   * What was found.
   *
   * @param layers the worst first
   * @param inFloat the nodes to leave
   * @param whole the difference with every layer rounded
   * @param left the difference without those
   */
  public record Choice(List<Layer> layers, Set<String> inFloat, double whole, double left) {}

  private final byte[] model;
  private final Activations activations;
  private final Target target;
  private final Calibration calibration;
  private final List<float[]> images;
  private final float[][] exact;
  private final double deviation;

  private Sensitivity(
      byte[] model,
      Activations activations,
      Target target,
      Calibration calibration,
      List<float[]> images) {
    this.model = model;
    this.activations = activations;
    this.target = target;
    this.calibration = calibration;
    this.images = images;
    this.exact = logits(model);
    this.deviation = Math.max(deviation(exact), Float.MIN_NORMAL);
  }

  /**
   * @param images each [3, H, W], a few
   * @param limit ≥ 0; see {@link #LIMIT}
   */
  public static Choice of(
      byte[] model,
      Activations activations,
      Target target,
      Calibration calibration,
      List<float[]> images,
      double limit) {
    return new Sensitivity(model, activations, target, calibration, images).choose(limit);
  }

  private Choice choose(double limit) {
    List<String> products = QdqModel.products(model);
    double whole = difference(Set.of());
    if (whole <= limit) {
      return new Choice(List.of(), Set.of(), whole, whole);
    }
    List<Layer> layers = new ArrayList<>();
    for (String product : products) {
      Set<String> others = new HashSet<>(products);
      others.remove(product);
      layers.add(new Layer(product, difference(others)));
    }
    layers.sort(Comparator.comparingDouble(Layer::difference).reversed());
    Set<String> inFloat = Set.of();
    double left = whole;
    for (int k = 1; k <= Math.max(1, layers.size() / SHARE) && left > limit; k *= 2) {
      Set<String> more =
          layers.stream().limit(k).map(Layer::node).collect(Collectors.toUnmodifiableSet());
      double with = difference(more);
      if (with < left) { // a gap in a chain of INT8 can cost more than it gives
        inFloat = more;
        left = with;
      }
    }
    return new Choice(List.copyOf(layers), inFloat, whole, left);
  }

  private double difference(Set<String> inFloat) {
    float[][] rounded =
        logits(QdqModel.of(model, activations, new QdqOptions(target, calibration, inFloat)));
    double sum = 0;
    long count = 0;
    for (int i = 0; i < exact.length; i++) {
      for (int k = 0; k < exact[i].length; k++) {
        double change = rounded[i][k] - exact[i][k];
        sum += change * change;
        count++;
      }
    }
    return Math.sqrt(sum / count) / deviation;
  }

  private static double deviation(float[][] values) {
    double sum = 0;
    double squares = 0;
    long count = 0;
    for (float[] image : values) {
      for (float value : image) {
        sum += value;
        squares += (double) value * value;
        count++;
      }
    }
    double mean = sum / count;
    return Math.sqrt(Math.max(0, squares / count - mean * mean));
  }

  private float[][] logits(byte[] file) {
    ModelProto parsed = Activations.parse(file);
    float[][] all = new float[images.size()][];
    try (Probe probe = Probe.of(parsed, Set.of(parsed.getGraph().getOutput(0).getName()))) {
      for (int i = 0; i < all.length; i++) {
        int at = i;
        probe.run(
            images.get(i),
            (name, value) -> {
              var floats = Probe.floats((OnnxTensor) value);
              all[at] = new float[floats.remaining()];
              floats.get(all[at]);
            });
      }
    }
    return all;
  }
}
