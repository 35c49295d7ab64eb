package stillhouse.metrics;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * How many pixels each predicted instance shares with each of the truth. Parts are gathered as they
 * come and summed for one instance at a time: room grows with parts, not with pairs of instances.
 */
final class InstanceOverlaps {
  /**
   * @param other the instance of the truth
   * @param band of the pixels those that are in the bands of both
   */
  record Overlap(int other, long pixels, long band) {}

  private static final int FIELDS = 3; // other, pixels, band

  private final int[] last; // by instance, its latest part; -1 without one
  private final long[] pixels; // of the instance that is summed, by other
  private final long[] bands;
  private int[] before = new int[64]; // by part, the one before of the same instance
  private int[] parts = new int[64 * FIELDS];
  private int count;

  InstanceOverlaps(int instances, int others) {
    last = new int[instances];
    Arrays.fill(last, -1);
    pixels = new long[others];
    bands = new long[others];
  }

  void add(int instance, int other, int ofPixels, int ofBand) {
    if (count == before.length) {
      before = Arrays.copyOf(before, 2 * count);
      parts = Arrays.copyOf(parts, 2 * count * FIELDS);
    }
    before[count] = last[instance];
    last[instance] = count;
    parts[count * FIELDS] = other;
    parts[count * FIELDS + 1] = ofPixels;
    parts[count * FIELDS + 2] = ofBand;
    count++;
  }

  /** Of one instance, each other that it shares a pixel with. */
  List<Overlap> of(int instance) {
    for (int part = last[instance]; part >= 0; part = before[part]) {
      int other = parts[part * FIELDS];
      pixels[other] += parts[part * FIELDS + 1];
      bands[other] += parts[part * FIELDS + 2];
    }
    List<Overlap> overlaps = new ArrayList<>();
    for (int part = last[instance]; part >= 0; part = before[part]) {
      int other = parts[part * FIELDS];
      if (pixels[other] > 0) { // not taken yet
        overlaps.add(new Overlap(other, pixels[other], bands[other]));
        pixels[other] = 0;
        bands[other] = 0;
      }
    }
    return overlaps;
  }
}
