package stillhouse.benchmarks;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import stillhouse.data.ClassMask;
import stillhouse.metrics.ImageCounts;
import stillhouse.metrics.MaskCounter;

/**
 * This side of {@code peers/boundary_iou.py}: boundary IoU of truth and prediction, one class, one
 * thread.
 *
 * <pre>
 * IN OUT SIDE WARM SECONDS   uint8 [n, 2, side, side] → int64 [n, 3]: intersection, predicted, actual
 * </pre>
 *
 * Prints pairs a second over SECONDS, after WARM seconds of the same.
 */
public final class BoundaryPairs {
  private record Pair(ClassMask predicted, ClassMask actual) {}

  private BoundaryPairs() {}

  public static void main(String[] args) throws IOException {
    System.out.println(String.format(Locale.ROOT, "%.1f", run(args)));
  }

  static double run(String... args) throws IOException {
    List<Pair> pairs = pairs(Files.readAllBytes(Path.of(args[0])), Integer.parseInt(args[2]));
    MaskCounter counter = new MaskCounter(1);
    ByteBuffer counts =
        ByteBuffer.allocate(pairs.size() * 3 * Long.BYTES).order(ByteOrder.LITTLE_ENDIAN);
    for (Pair pair : pairs) {
      var band = counter.count(pair.predicted(), pair.actual()).boundary(1);
      counts.putLong(band.intersection()).putLong(band.predicted()).putLong(band.actual());
    }
    Files.write(Path.of(args[1]), counts.array());
    rate(counter, pairs, Double.parseDouble(args[3]));
    return rate(counter, pairs, Double.parseDouble(args[4]));
  }

  private static List<Pair> pairs(byte[] input, int side) {
    int pixels = side * side;
    List<Pair> pairs = new ArrayList<>();
    for (int at = 0; at < input.length; at += 2 * pixels) {
      pairs.add(new Pair(mask(input, at, side), mask(input, at + pixels, side)));
    }
    return pairs;
  }

  private static ClassMask mask(byte[] input, int at, int side) {
    return new ClassMask(side, side, Arrays.copyOfRange(input, at, at + side * side));
  }

  /** Pairs a second of whole passes over all of them. */
  private static double rate(MaskCounter counter, List<Pair> pairs, double seconds) {
    long start = System.nanoTime();
    long done = 0;
    long seen = 0;
    do {
      for (Pair pair : pairs) {
        ImageCounts counts = counter.count(pair.predicted(), pair.actual());
        seen += counts.boundary(1).actual();
      }
      done += pairs.size();
    } while (System.nanoTime() - start < seconds * 1e9);
    if (seen < 0) {
      throw new IllegalStateException("Counts overflowed: " + seen);
    }
    return done / ((System.nanoTime() - start) / 1e9);
  }
}
