package stillhouse.loss;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;
import ai.djl.nn.convolutional.Conv2d;
import ai.djl.nn.pooling.Pool;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.TreeSet;

/**
 * The first seven convolutions of VGG-16 (Simonyan and Zisserman, 2015) with random weights that a
 * seed fixes: 3×3 with a ReLU each, two of {@code width} channels, two of twice and three of four
 * times as many, a 2×2 maximum between. Weights are normal with deviation √(2 / fanIn) (He et al.,
 * 2015), so that activations keep their scale from layer to layer; biases are 0. Never trained.
 */
final class RandomVgg {
  private static final int[] BLOCKS = {2, 2, 3};

  /** The last activation of each block, as Johnson et al. take them. */
  static final List<String> LAYERS = List.of("relu1_2", "relu2_2", "relu3_3");

  private final List<List<NDArray>> blocks;
  private final List<String> layers;

  private RandomVgg(List<List<NDArray>> blocks, List<String> layers) {
    this.blocks = blocks;
    this.layers = layers;
  }

  static RandomVgg create(NDManager manager, int width, long seed, List<String> layers) {
    List<List<NDArray>> blocks = new ArrayList<>();
    Random random = new Random(seed);
    int in = ThreeChannels.COUNT;
    for (int b = 0; b < BLOCKS.length; b++) {
      int out = width << b;
      List<NDArray> block = new ArrayList<>();
      for (int i = 0; i < BLOCKS[b]; i++) {
        block.add(drawn(manager, random, out, in));
        in = out;
      }
      blocks.add(block);
    }
    return new RandomVgg(blocks, layers);
  }

  private static NDArray drawn(NDManager manager, Random random, int out, int in) {
    float[] values = new float[out * in * 9];
    double deviation = Math.sqrt(2.0 / (in * 9));
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) (random.nextGaussian() * deviation);
    }
    return manager.create(values, new Shape(out, in, 3, 3));
  }

  /**
   * @throws IllegalArgumentException naming a layer that is none, and those there are
   */
  static void requireLayers(List<String> layers) {
    TreeSet<String> known = new TreeSet<>();
    for (int b = 0; b < BLOCKS.length; b++) {
      for (int i = 0; i < BLOCKS[b]; i++) {
        known.add(name(b, i));
      }
    }
    for (String layer : layers) {
      if (!known.contains(layer)) {
        throw new IllegalArgumentException(
            "Invalid losses.perceptual.layers: %s (must be of %s where no network is named)"
                .formatted(layer, known));
      }
    }
  }

  /** A block sees half the grid of the one before, and needs a cell of it. */
  static void requireGrid(int grid, List<String> layers) {
    int block =
        layers.stream().mapToInt(layer -> layer.charAt("relu".length()) - '1').max().orElse(0);
    if (grid < 1 << block) {
      throw new IllegalArgumentException(
          "Invalid losses.perceptual.layers: %s on a grid of %d (must be at least %d: raise alignment.grid)"
              .formatted(layers, grid, 1 << block));
    }
  }

  private static String name(int block, int convolution) {
    return "relu" + (block + 1) + "_" + (convolution + 1);
  }

  /** Of the layers asked for, in that order: [B, 3, g, g] to [B, C_j, h_j, w_j]. */
  List<NDArray> activations(NDArray image) {
    NDArray[] found = new NDArray[layers.size()];
    int left = layers.size();
    NDArray x = image;
    for (int b = 0; b < blocks.size() && left > 0; b++) {
      x = b == 0 ? x : halved(x);
      for (int i = 0; i < blocks.get(b).size() && left > 0; i++) {
        x = Activation.relu(convolved(x, blocks.get(b).get(i)));
        int at = layers.indexOf(name(b, i));
        if (at >= 0) {
          found[at] = x;
          left--;
        }
      }
    }
    return List.of(found);
  }

  private static NDArray halved(NDArray x) {
    Shape two = new Shape(2, 2);
    return Pool.maxPool2d(x, two, two, new Shape(0, 0), false);
  }

  private static NDArray convolved(NDArray x, NDArray weight) {
    return Conv2d.conv2d(x, weight, null, new Shape(1, 1), new Shape(1, 1)).singletonOrThrow();
  }
}
