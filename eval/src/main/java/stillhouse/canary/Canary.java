package stillhouse.canary;

import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import stillhouse.data.RgbImage;
import stillhouse.metrics.MaskCounter;
import stillhouse.metrics.Metric;
import stillhouse.metrics.SegmentationCounts;
import stillhouse.predict.Latency;
import stillhouse.predict.Masks;
import stillhouse.predict.OnnxSegmenter;
import stillhouse.predict.OnnxSource;
import stillhouse.tensor.FloatTensor;

/**
 * Holds a variant of a network (INT8, FP16) against the FP32 file that it was made of, on images:
 *
 * <ul>
 *   <li><b>mask parity</b>: the mean over classes of the IoU of its masks with the reference's, at
 *       the images' own size. Where neither finds anything, it is 1;
 *   <li><b>variance</b>: of its logits from image to image ({@link Spread}), as a share of the
 *       reference's. Encoders in FP16 have been seen to give one embedding for every image: such a
 *       file's logits vary not at all, and its masks may still look right on images that are alike;
 *   <li><b>latency</b>: the median of an image's run as a share of the reference's. A variant that
 *       is no faster is not worth its loss.
 * </ul>
 *
 * @param minMaskIou from 0 to 1
 * @param minVariance share of the reference's, from 0; beyond its inverse it fails as well
 * @param maxLatency share of the reference's, that it must stay under
 * @param latencyRuns timed runs of each, in {@value #ROUNDS} turns so that both meet the same load
 */
public record Canary(double minMaskIou, double minVariance, double maxLatency, int latencyRuns) {
  // Chosen, not measured: a variant that keeps less of the masks is another student.
  private static final double MASK_IOU = 0.9;
  private static final double VARIANCE = 0.5;
  private static final int RUNS = 30;
  private static final int ROUNDS = 3;
  private static final int WARMUP = 3;

  public Canary {
    if (!(minMaskIou >= 0 && minMaskIou <= 1)) {
      throw new IllegalArgumentException(
          "Invalid least mask IoU: " + minMaskIou + " (must be from 0 to 1)");
    }
    if (!(minVariance >= 0 && minVariance <= 1)) {
      throw new IllegalArgumentException(
          "Invalid least variance: " + minVariance + " (must be from 0 to 1)");
    }
    if (!(maxLatency > 0) || latencyRuns < ROUNDS) {
      throw new IllegalArgumentException(
          "Invalid latency: a share of %s in %d runs (must be > 0 in ≥ %d)"
              .formatted(maxLatency, latencyRuns, ROUNDS));
    }
  }

  /** Masks at 0.9 IoU with the reference's, half of its variance at least, and faster. */
  public static Canary standard() {
    return new Canary(MASK_IOU, VARIANCE, 1, RUNS);
  }

  /**
   * @param images two at least, of the data that the network is for; each is read once
   * @throws IllegalArgumentException where the two files are not of the same classes, or there are
   *     fewer images
   */
  public Verdict compare(OnnxSource reference, OnnxSource variant, Iterator<RgbImage> images) {
    try (OnnxSegmenter exact = reference.open();
        OnnxSegmenter other = variant.open()) {
      if (!exact.classNames().equals(other.classNames())) {
        throw new IllegalArgumentException(
            "Cannot compare a variant of classes %s with a network of %s: it was not made of it"
                .formatted(other.classNames(), exact.classNames()));
      }
      var seen = new Seen(exact.classNames().size());
      while (images.hasNext()) {
        RgbImage image = images.next();
        seen.add(image, exact.logits(image), other.logits(image));
      }
      return new Verdict(
          List.of(parity(seen), variance(seen), latency(exact, other, latencyRuns / ROUNDS)));
    }
  }

  /** What both said of the images so far. */
  private static final class Seen {
    private final MaskCounter counter;
    private final Spread exact = new Spread();
    private final Spread other = new Spread();
    private SegmentationCounts counts;
    private long broken; // images of which the variant's logits are no numbers

    Seen(int classes) {
      counter = new MaskCounter(classes);
      counts = SegmentationCounts.zero(classes);
    }

    void add(RgbImage image, FloatTensor reference, FloatTensor variant) {
      exact.add(reference.data());
      if (!finite(variant.data())) {
        broken++;
        return;
      }
      other.add(variant.data());
      counts =
          counts.plus(
              counter.count(
                  Masks.fromLogits(variant, image.width(), image.height()),
                  Masks.fromLogits(reference, image.width(), image.height())));
    }

    private static boolean finite(float[] values) {
      boolean finite = true;
      for (float value : values) {
        finite &= Float.isFinite(value);
      }
      return finite;
    }
  }

  private Check parity(Seen seen) {
    if (seen.broken > 0) {
      return new Check(
          "mask parity",
          false,
          "logits are not finite on %d of %d images".formatted(seen.broken, seen.exact.count()));
    }
    double iou = seen.counts.mean(Metric.IOU).orElse(1);
    return new Check(
        "mask parity",
        iou >= minMaskIou,
        text(
            "IoU %.4f with the reference's over %d images (least %.4f)",
            iou, seen.counts.images(), minMaskIou));
  }

  private Check variance(Seen seen) {
    if (seen.exact.count() < 2) {
      throw new IllegalArgumentException(
          "Cannot compare on %d images (must be ≥ 2: variance is from image to image)"
              .formatted(seen.exact.count()));
    }
    double reference = seen.exact.variance();
    double variant = seen.other.variance();
    // A constant reference has nothing to keep.
    double share =
        reference == 0 ? (variant == 0 ? 1 : Double.POSITIVE_INFINITY) : variant / reference;
    return new Check(
        "variance over images",
        seen.broken == 0 && share >= minVariance && share * minVariance <= 1,
        text(
            "%.4g, the reference's is %.4g (share %.3f, from %.3f to %.3f)",
            variant, reference, share, minVariance, 1 / minVariance));
  }

  private Check latency(OnnxSegmenter exact, OnnxSegmenter other, int runs) {
    double[] reference = new double[ROUNDS];
    double[] variant = new double[ROUNDS];
    for (int round = 0; round < ROUNDS; round++) {
      reference[round] = Latency.measure(exact, WARMUP, runs).p50Millis();
      variant[round] = Latency.measure(other, WARMUP, runs).p50Millis();
    }
    return latency(median(reference), median(variant));
  }

  /**
   * @param reference milliseconds an image; variant the same
   */
  Check latency(double reference, double variant) {
    return new Check(
        "latency",
        variant < maxLatency * reference,
        text(
            "%.3f ms an image, the reference takes %.3f (share %.3f, under %.3f)",
            variant, reference, variant / reference, maxLatency));
  }

  private static double median(double[] values) {
    double[] sorted = values.clone();
    Arrays.sort(sorted);
    return sorted[sorted.length / 2];
  }

  private static String text(String format, Object... values) {
    return String.format(Locale.ROOT, format, values);
  }
}
