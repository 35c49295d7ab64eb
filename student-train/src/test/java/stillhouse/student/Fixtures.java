package stillhouse.student;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Random;

/** What tests of students share. */
public final class Fixtures {
  private Fixtures() {}

  public static StudentConfig config(String name) {
    return StudentConfig.load(Path.of("..", "conf", "students", name + ".yaml"));
  }

  /** A student of {@code conf/students}, or a small one of the network of that name. */
  public static StudentConfig network(String name) {
    return switch (name) {
      case "tinyvit" -> small(StudentConfig.Network.TINYVIT, List.of(3, 4, 6), List.of(8, 4, 4));
      case "tinyvit-neck" ->
          small(StudentConfig.Network.TINYVIT_NECK, List.of(3, 4, 6), List.of(8, 4, 4));
      case "repvit" -> small(StudentConfig.Network.REPVIT, List.of(), List.of());
      case "resnet" -> small(StudentConfig.Network.RESNET, List.of(), List.of());
      case "resnet-neck" -> small(StudentConfig.Network.RESNET_NECK, List.of(), List.of());
      case "swin" -> small(StudentConfig.Network.SWIN, List.of(2, 3, 4, 6), List.of(5, 8, 4, 4));
      default -> config(name);
    };
  }

  private static StudentConfig small(
      StudentConfig.Network network, List<Integer> heads, List<Integer> windows) {
    List<Integer> channels = List.of(16, 24, 32, 48);
    List<Integer> depths = List.of(1, 2, 3, 1);
    return new StudentConfig(
        "small", network, Norm.BATCH, channels, depths, 16, 24, heads, windows, null);
  }

  /**
   * Lets running statistics follow what the tensors give, as training does. Networks whose branches
   * add up are far from one without.
   */
  public static void settle(Student student, NDArray images) {
    for (int i = 0; i < 25; i++) {
      student.forward(images, true);
    }
  }

  public static NDManager manager() {
    return NDManager.newBaseManager(Device.cpu(), "PyTorch");
  }

  /** Uniform values in 0…1. */
  public static NDArray uniform(NDManager manager, long seed, long... shape) {
    Random random = new Random(seed);
    float[] values = new float[(int) new Shape(shape).size()];
    for (int i = 0; i < values.length; i++) {
      values[i] = random.nextFloat();
    }
    return manager.create(values, new Shape(shape));
  }

  /** A deterministic wave, the same formula as in the reference scripts: scale · sin(i · step). */
  public static float[] wave(int size, double step, double scale) {
    float[] values = new float[size];
    for (int i = 0; i < size; i++) {
      values[i] = (float) (scale * Math.sin(i * step));
    }
    return values;
  }

  /** Gives every tensor, running statistics among them, values that no start has. */
  public static void disturb(Weights weights) {
    for (String name : weights.names()) {
      NDArray array = weights.get(name);
      float[] values = array.toFloatArray();
      Random random = new Random(name.hashCode());
      for (int i = 0; i < values.length; i++) {
        double by = 0.2 * random.nextGaussian();
        values[i] += (float) (name.endsWith(".variance") ? Math.abs(by) : 0.25 * by);
      }
      array.set(values);
    }
  }

  /** Frees the buffers that nothing holds any more, and writes over what they leave. */
  public static void collectGarbage() {
    try {
      for (int i = 0; i < 3; i++) {
        System.gc();
        Thread.sleep(20);
      }
    } catch (InterruptedException e) {
      throw new IllegalStateException("Interrupted while waiting for the collector", e);
    }
    for (int i = 0; i < 10_000; i++) {
      ByteBuffer.allocateDirect(Float.BYTES).order(ByteOrder.nativeOrder()).putFloat(Float.NaN);
    }
  }

  /** Plain gradient descent on all trainable tensors, closing each gradient. */
  static void descend(Weights weights, double rate) {
    for (Map.Entry<String, NDArray> entry : weights.trainable().entrySet()) {
      NDArray weight = entry.getValue();
      try (NDArray gradient = weight.getGradient();
          NDArray step = gradient.mul(rate)) {
        weight.subi(step);
        gradient.muli(0);
      }
    }
  }
}
