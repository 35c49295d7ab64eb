package stillhouse.benchmarks;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import stillhouse.data.ClassMask;
import stillhouse.metrics.MaskCounter;
import stillhouse.structure.StructureMaps;
import stillhouse.structure.StructureTensor;
import stillhouse.tensor.FloatTensor;

/**
 * This side of {@code peers/compare.py}: the kernels as whole processes that read raw little-endian
 * files and write what they found, as the scripts beside that file do.
 *
 * <pre>
 * structure IN OUT REPEATS CHANNELS SIDE RADIUS   fp32 [C, side, side] → fp32 [3, side, side]
 * masks     IN OUT REPEATS CLASSES SIDE           uint8 [2, side, side] → int64 counts
 * </pre>
 */
public final class PeerProgram {
  private PeerProgram() {}

  public static void main(String[] args) throws IOException {
    run(args);
  }

  static void run(String... args) throws IOException {
    byte[] input = Files.readAllBytes(Path.of(args[1]));
    int[] numbers = Arrays.stream(args).skip(3).mapToInt(Integer::parseInt).toArray();
    byte[] output =
        switch (args[0]) {
          case "structure" -> structure(input, numbers[0], numbers[1], numbers[2], numbers[3]);
          case "masks" -> masks(input, numbers[0], numbers[1], numbers[2]);
          default ->
              throw new IllegalArgumentException(
                  "Invalid kernel: " + args[0] + " (must be structure or masks)");
        };
    Files.write(Path.of(args[2]), output);
  }

  private static byte[] structure(byte[] input, int repeats, int channels, int side, int radius) {
    float[] values = new float[input.length / Float.BYTES];
    little(input).asFloatBuffer().get(values);
    FloatTensor features = new FloatTensor(new int[] {channels, side, side}, values);
    StructureMaps maps = StructureTensor.maps(features, radius);
    for (int i = 1; i < repeats; i++) {
      maps = StructureTensor.maps(features, radius);
    }
    byte[] output = new byte[3 * side * side * Float.BYTES];
    var floats = little(output).asFloatBuffer();
    List.of(maps.e(), maps.c(), maps.d()).forEach(map -> floats.put(map.data()));
    return output;
  }

  private static byte[] masks(byte[] input, int repeats, int classes, int side) {
    int pixels = side * side;
    var predicted = new ClassMask(side, side, Arrays.copyOf(input, pixels));
    var actual = new ClassMask(side, side, Arrays.copyOfRange(input, pixels, 2 * pixels));
    var counter = new MaskCounter(classes);
    long[] counts = counter.count(predicted, actual).toArray();
    for (int i = 1; i < repeats; i++) {
      counts = counter.count(predicted, actual).toArray();
    }
    byte[] output = new byte[counts.length * Long.BYTES];
    little(output).asLongBuffer().put(counts);
    return output;
  }

  private static ByteBuffer little(byte[] bytes) {
    return ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }
}
