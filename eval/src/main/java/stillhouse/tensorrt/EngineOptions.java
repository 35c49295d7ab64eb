package stillhouse.tensorrt;

import java.time.Duration;
import java.util.List;

/**
 * How an engine is built. The network is strongly typed: its precision is what the ONNX file says,
 * by its types and its QuantizeLinear / DequantizeLinear nodes; there is no precision flag.
 *
 * @param shape of the input {@code image}, which has a dynamic batch: [N, 3, H, W]; the engine is
 *     built for this one shape
 * @param timeout of the whole build
 * @param extra further arguments for {@code trtexec}, given as they are
 */
public record EngineOptions(List<Integer> shape, Duration timeout, List<String> extra) {
  public EngineOptions {
    shape = List.copyOf(shape);
    extra = List.copyOf(extra);
    if (shape.size() != 4 || shape.get(1) != 3 || shape.stream().anyMatch(d -> d < 1)) {
      throw new IllegalArgumentException("Invalid shape: " + shape + " (must be [N, 3, H, W])");
    }
    if (timeout.isNegative() || timeout.isZero()) {
      throw new IllegalArgumentException("Invalid timeout: " + timeout + " (must be > 0)");
    }
  }

  /** One image of that size at a time; up to half an hour. */
  public static EngineOptions forImage(int height, int width) {
    return new EngineOptions(List.of(1, 3, height, width), Duration.ofMinutes(30), List.of());
  }
}
