package stillhouse.canary;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import stillhouse.data.RgbImage;
import stillhouse.metrics.MaskCounter;
import stillhouse.metrics.Metric;
import stillhouse.metrics.SegmentationCounts;
import stillhouse.predict.Latency;
import stillhouse.predict.Masks;
import stillhouse.predict.OnnxSegmenter;
import stillhouse.predict.OnnxSegmenter.Answer;
import stillhouse.predict.OnnxSource;
import stillhouse.tensor.FloatTensor;

/**
 * Holds a variant of a network (INT8, FP16) against the FP32 file that it was made of, on images:
 *
 * <ul>
 *   <li><b>mask parity</b>: the mean over classes of the IoU of its masks with the reference's, at
 *       the images' own size. Where neither finds anything, it is 1;
 *   <li><b>variance</b>: of its logits, and of its embedding where both files give one, from image
 *       to image ({@link Spread}), as a share of the reference's. Encoders in FP16 have been seen
 *       to give one embedding for every image: such a file's answers vary not at all, and its masks
 *       may still look right on images that are alike;
 *   <li><b>latency</b>: the median of an image's run as a share of the reference's. A variant that
 *       is no faster is not worth its loss. A file that is made to be small must be that instead.
 * </ul>
 *
 * @param minMaskIou from 0 to 1
 * @param minVariance share of the reference's, from 0; beyond its inverse it fails as well
 * @param maxLatency share of the reference's, that it must stay under
 * @param latencyRuns timed runs of each, in {@value #ROUNDS} turns so that both meet the same load
 */
public record Canary(double minMaskIou, double minVariance, double maxLatency, int latencyRuns) {
  /** The name of the check of latencies. */
  public static final String LATENCY = "latency";

  /** The name of the check that every answer is a number. */
  public static final String FINITE = "finite answers";

  /** Chosen, not measured: a variant that keeps less of the masks is another student. */
  public static final double MASK_IOU = 0.9;

  /** Chosen, not measured. */
  public static final double VARIANCE = 0.5;

  /** A variant must be faster than the reference. */
  public static final double LATENCY_SHARE = 1;

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
    return of(MASK_IOU, VARIANCE, LATENCY_SHARE);
  }

  /** With as many timed runs as the standard one has. */
  public static Canary of(double minMaskIou, double minVariance, double maxLatency) {
    return new Canary(minMaskIou, minVariance, maxLatency, RUNS);
  }

  /**
   * Holds what a variant says of images against what the reference does.
   *
   * @param images of the data that the network is for, two at least to pass; each is read once
   * @return masks, logits and, where both files have it, embedding
   * @throws IllegalArgumentException where the two files are not of the same classes
   */
  public Verdict answers(OnnxSource reference, OnnxSource variant, Iterator<RgbImage> images) {
    try (OnnxSegmenter exact = reference.open();
        OnnxSegmenter other = variant.open()) {
      requireSameClasses(exact, other);
      var seen = new Seen(exact.classNames().size());
      while (images.hasNext()) {
        RgbImage image = images.next();
        seen.add(image, exact.answer(image), other.answer(image));
      }
      List<Check> checks = new ArrayList<>();
      checks.add(parity(seen));
      checks.add(variance("logits", seen.logits, seen.broken));
      seen.embeddings.ifPresent(e -> checks.add(variance("embedding", e, seen.broken)));
      return new Verdict(checks);
    }
  }

  private static void requireSameClasses(OnnxSegmenter exact, OnnxSegmenter other) {
    if (!exact.classNames().equals(other.classNames())) {
      throw new IllegalArgumentException(
          "Cannot compare a variant of classes %s with a network of %s: it was not made of it"
              .formatted(other.classNames(), exact.classNames()));
    }
  }

  /** How both vary. */
  private record Spreads(Spread exact, Spread other) {
    Spreads() {
      this(new Spread(), new Spread());
    }
  }

  /** What both said of the images so far. */
  private static final class Seen {
    private final MaskCounter counter;
    private final Spreads logits = new Spreads();
    private Optional<Spreads> embeddings = Optional.of(new Spreads());
    private SegmentationCounts counts;
    private long broken; // images of which what the variant says are no numbers

    Seen(int classes) {
      counter = new MaskCounter(classes);
      counts = SegmentationCounts.zero(classes);
    }

    void add(RgbImage image, Answer reference, Answer variant) {
      if (reference.embedding().isEmpty() || variant.embedding().isEmpty()) {
        embeddings = Optional.empty();
      }
      logits.exact.add(reference.logits().data());
      embeddings.ifPresent(e -> e.exact.add(reference.embedding().orElseThrow().data()));
      if (!finite(variant)) {
        broken++;
        return;
      }
      logits.other.add(variant.logits().data());
      embeddings.ifPresent(e -> e.other.add(variant.embedding().orElseThrow().data()));
      counts =
          counts.plus(
              counter.count(
                  Masks.fromLogits(variant.logits(), image.width(), image.height()),
                  Masks.fromLogits(reference.logits(), image.width(), image.height())));
    }

    private static boolean finite(Answer answer) {
      return answer.logits().isFinite()
          && answer.embedding().map(FloatTensor::isFinite).orElse(true);
    }
  }

  private Check parity(Seen seen) {
    if (seen.broken > 0) {
      return Check.of(
          "mask parity",
          false,
          "answers are not finite on %d of %d images"
              .formatted(seen.broken, seen.logits.exact.count()));
    }
    double iou = seen.counts.mean(Metric.IOU).orElse(1);
    return new Check(
        "mask parity",
        iou >= minMaskIou,
        text(
            "IoU %.4f with the reference's over %d images (least %.4f)",
            iou, seen.counts.images(), minMaskIou),
        Map.of("mask_iou", iou));
  }

  private Check variance(String of, Spreads spreads, long broken) {
    String name = "variance of " + of;
    if (spreads.exact.count() < 2) {
      return Check.of(
          name,
          false,
          "it is from image to image, and there are %d (least 2)".formatted(spreads.exact.count()));
    }
    double reference = spreads.exact.variance();
    double variant = spreads.other.variance();
    // A constant reference has nothing to keep.
    double share =
        reference == 0 ? (variant == 0 ? 1 : Double.POSITIVE_INFINITY) : variant / reference;
    return new Check(
        name,
        broken == 0 && share >= minVariance && share * minVariance <= 1,
        text(
            "%.4g from image to image, the reference's is %.4g (share %.3f, from %.3f to %.3f)",
            variant, reference, share, minVariance, 1 / minVariance),
        Double.isFinite(share) ? Map.of(of + "_variance_share", share) : Map.of());
  }

  /** Times both on this machine's CPU, one thread if they were opened so. */
  public Check latency(OnnxSource reference, OnnxSource variant) {
    double[] exact = new double[ROUNDS];
    double[] other = new double[ROUNDS];
    try (OnnxSegmenter first = reference.open();
        OnnxSegmenter second = variant.open()) {
      for (int round = 0; round < ROUNDS; round++) {
        exact[round] = Latency.measure(first, WARMUP, latencyRuns / ROUNDS).p50Millis();
        other[round] = Latency.measure(second, WARMUP, latencyRuns / ROUNDS).p50Millis();
      }
    }
    return latency("ONNX Runtime on the CPU", median(exact), median(other));
  }

  /**
   * @param runtime that both were timed in
   * @param reference milliseconds an image; variant the same
   */
  public Check latency(String runtime, double reference, double variant) {
    double share = variant / reference;
    return new Check(
        LATENCY,
        share < maxLatency,
        text(
            "%.3f ms an image in %s, the reference takes %.3f (share %.3f, under %.3f)",
            variant, runtime, reference, share, maxLatency),
        Map.of("latency_share", share));
  }

  /** For a variant that is made to be small: its file must be. */
  public static Check size(long reference, long variant) {
    return new Check(
        "size",
        variant < reference,
        text("%,d bytes, the reference has %,d", variant, reference),
        Map.of("bytes_share", variant / (double) reference));
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
