package stillhouse.loss;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.convolutional.Conv2d;
import com.fasterxml.jackson.annotation.JsonProperty;
import java.util.Random;
import stillhouse.cache.Projection;

/**
 * An embedding as a network for images can look at it: x = P (F − μ), three channels, divided by
 * the standard deviation of the teacher's x over the sample, so that it has the contrast that
 * images are given for such networks. Frozen; the choice is ours.
 */
final class ThreeChannels {
  static final int COUNT = 3;

  /** A teacher's map that varies less shows nothing, and is not stretched. */
  private static final double FLAT = 1e-6;

  private static final int[] REST = {1};

  /** P. */
  enum Kind {
    /** The first three principal directions of the training embeddings, around their mean. */
    @JsonProperty("pca")
    PCA,
    /** Three fixed unit vectors, drawn by the seed; μ = 0. */
    @JsonProperty("random")
    RANDOM
  }

  private final NDArray mean; // null: 0
  private final NDArray directions;

  private ThreeChannels(NDArray mean, NDArray directions) {
    this.mean = mean;
    this.directions = directions;
  }

  static ThreeChannels create(Kind kind, long seed, ObjectiveContext context) {
    NDManager manager = context.weights().manager();
    int channels = context.teacherChannels();
    return switch (kind) {
      case PCA -> {
        Projection fitted = context.requireProjection();
        yield new ThreeChannels(
            manager.create(fitted.mean()).reshape(1, channels, 1, 1),
            Representation.directions(manager, fitted, COUNT));
      }
      case RANDOM ->
          new ThreeChannels(null, manager.create(drawn(seed, channels), shape(channels)));
    };
  }

  private static Shape shape(int channels) {
    return new Shape(COUNT, channels, 1, 1);
  }

  private static float[] drawn(long seed, int channels) {
    Random random = new Random(seed);
    float[] values = new float[COUNT * channels];
    for (int d = 0; d < COUNT; d++) {
      double squares = 0;
      for (int c = 0; c < channels; c++) {
        double value = random.nextGaussian();
        values[d * channels + c] = (float) value;
        squares += value * value;
      }
      for (int c = 0; c < channels; c++) {
        values[d * channels + c] /= (float) Math.sqrt(squares);
      }
    }
    return values;
  }

  /** P (F − μ): [B, C, g, g] to [B, 3, g, g]. */
  NDArray of(NDArray embedding) {
    NDArray centred = mean == null ? embedding : embedding.sub(mean);
    return Conv2d.conv2d(centred, directions).singletonOrThrow();
  }

  /** The standard deviation of each sample's map, 1 where it is flat: [B, 1, 1, 1]. */
  static NDArray deviation(NDArray teacher) {
    Shape shape = teacher.getShape();
    NDArray flat = teacher.reshape(shape.get(0), shape.size() / shape.get(0));
    NDArray variance = flat.sub(flat.mean(REST, true)).square().mean(REST, true);
    NDArray live = variance.gt(FLAT * FLAT).toType(DataType.FLOAT32, false);
    NDArray deviation = variance.sqrt().mul(live).add(live.neg().add(1));
    return deviation.reshape(shape.get(0), 1, 1, 1);
  }
}
