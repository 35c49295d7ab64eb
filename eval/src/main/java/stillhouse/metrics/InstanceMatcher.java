package stillhouse.metrics;

import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import stillhouse.data.ClassMask;
import stillhouse.data.Components;
import stillhouse.data.Components.Component;

/**
 * Finds which predicted instance stands for which of the truth. An instance is a connected
 * component of a class (8-connectivity): two objects that touch are one. Not thread-safe: one a
 * thread.
 *
 * <p>A prediction finds the instance of its class with which its IoU is 0.5 or more. There is one
 * at most, and it is found once: two components that each had half of a third would make up all of
 * it, and so touch and be one. The published COCO evaluation (Lin et al., 2014), in which the
 * surest prediction chooses first, gives the same.
 *
 * <p>A boundary is matched where both the boundary IoU and the IoU of the areas are large enough
 * (Cheng et al., "Boundary IoU", CVPR 2021, section 5). The band of a component is the component's
 * part of its class's band: a window that is all of a class is all of one component.
 */
public final class InstanceMatcher {
  private final int classes;
  private final EdgeBand predictedEdges = new EdgeBand();
  private final EdgeBand actualEdges = new EdgeBand();
  private final LabelPlanes predictedPlanes;
  private final LabelPlanes actualPlanes;

  /**
   * @param classes K
   */
  public InstanceMatcher(int classes) {
    this.classes = CountLayout.checkClasses(classes);
    int bits = Integer.SIZE - Integer.numberOfLeadingZeros(classes);
    predictedPlanes = new LabelPlanes(bits);
    actualPlanes = new LabelPlanes(bits);
  }

  /**
   * Masks of one size whose labels are 0…K or ignored, as {@link MaskCounter} has checked. Pixels
   * that either ignores are background in both.
   *
   * @param margins [height, width], the logit of each pixel's class: an instance's score is the
   *     probability of its mean logit. Empty where none are known: all scores are 1
   */
  public ImageInstances match(ClassMask predicted, ClassMask actual, float[] margins) {
    byte[] said = predicted.classes();
    byte[] label = actual.classes();
    if (ignores(said) || ignores(label)) {
      said = said.clone();
      label = label.clone();
      LabelPlanes.clearIgnored(said, label, said.length);
    }
    int width = actual.width();
    int height = actual.height();
    Side ofPredicted = side(new ClassMask(width, height, said), predictedPlanes, predictedEdges);
    Side ofActual = side(new ClassMask(width, height, label), actualPlanes, actualEdges);
    return new ImageInstances(
        truths(ofActual), detections(ofPredicted, ofActual, scores(ofPredicted, margins)));
  }

  private static boolean ignores(byte[] labels) {
    boolean ignores = false;
    for (byte label : labels) {
      ignores |= label == (byte) ClassMask.IGNORE;
    }
    return ignores;
  }

  /**
   * A mask's components.
   *
   * @param band as {@link EdgeBand} lays it out
   * @param bands pixels of each component that are in it
   */
  private record Side(Components.Runs runs, long[] band, long[] bands, int width, int height) {
    Component component(int i) {
      return runs.components().get(i);
    }

    int count() {
      return runs.components().size();
    }
  }

  private static Side side(ClassMask mask, LabelPlanes planes, EdgeBand edges) {
    int width = mask.width();
    int height = mask.height();
    planes.reserve(width, height);
    for (int y = 0; y < height; y++) {
      planes.pack(mask.classes(), y * width, y);
    }
    long[] band = edges.of(planes, BoundaryBand.thicknessPixels(width, height));
    Components.Runs runs = Components.runs(mask);
    long[] bands = new long[runs.components().size()];
    for (int run = 0; run < runs.count(); run++) {
      bands[runs.component(run)] +=
          pixels(band, band, runs.start(run), runs.end(run), width, height);
    }
    return new Side(runs, band, bands, width, height);
  }

  /** Pixels of a row, from one to another, that are in both bands. */
  private static int pixels(long[] a, long[] b, int from, int to, int width, int height) {
    int y = from / width;
    int last = to - 1 - y * width;
    int pixels = 0;
    for (int x = from - y * width; x <= last; x = (x | 63) + 1) {
      int end = Math.min(x | 63, last);
      long inside = -1L >>> 63 - (end - x) << x;
      int word = (x >>> 6) * height + y;
      pixels += Long.bitCount(a[word] & b[word] & inside);
    }
    return pixels;
  }

  private List<Long> truths(Side actual) {
    long[] truths = new long[classes];
    actual.runs.components().forEach(c -> truths[c.classId() - 1]++);
    return LongStream.of(truths).boxed().toList();
  }

  /** By component, in 1/{@value Detection#SCORES}. */
  private static int[] scores(Side predicted, float[] margins) {
    int[] scores = new int[predicted.count()];
    if (margins.length == 0) {
      Arrays.fill(scores, Detection.SCORES);
      return scores;
    }
    double[] sums = new double[predicted.count()];
    Components.Runs runs = predicted.runs;
    for (int run = 0; run < runs.count(); run++) {
      double sum = 0;
      for (int i = runs.start(run); i < runs.end(run); i++) {
        sum += margins[i];
      }
      sums[runs.component(run)] += sum;
    }
    for (int i = 0; i < scores.length; i++) {
      double probability = 1 / (1 + Math.exp(-sums[i] / predicted.component(i).area()));
      scores[i] = (int) Math.round(probability * Detection.SCORES);
    }
    return scores;
  }

  private static List<Detection> detections(Side predicted, Side actual, int[] scores) {
    InstanceOverlaps overlaps = overlaps(predicted, actual);
    return IntStream.range(0, predicted.count())
        .mapToObj(i -> detection(i, predicted, actual, overlaps, scores[i]))
        .toList();
  }

  private static Detection detection(
      int i, Side predicted, Side actual, InstanceOverlaps overlaps, int score) {
    Component component = predicted.component(i);
    for (InstanceOverlaps.Overlap overlap : overlaps.of(i)) {
      int areas = component.area() + actual.component(overlap.other()).area();
      int reached = Detection.reached(overlap.pixels(), areas - overlap.pixels());
      if (reached > 0) {
        long bands = predicted.bands[i] + actual.bands[overlap.other()];
        int both = Math.min(reached, Detection.reached(overlap.band(), bands - overlap.band()));
        return new Detection(component.classId(), score, reached, both);
      }
    }
    return new Detection(component.classId(), score, 0, 0);
  }

  /** Of runs that lie over each other and are of one class. */
  private static InstanceOverlaps overlaps(Side predicted, Side actual) {
    Components.Runs said = predicted.runs;
    Components.Runs label = actual.runs;
    InstanceOverlaps overlaps = new InstanceOverlaps(predicted.count(), actual.count());
    int p = 0;
    int t = 0;
    while (p < said.count() && t < label.count()) {
      int from = Math.max(said.start(p), label.start(t));
      int to = Math.min(said.end(p), label.end(t));
      int one = said.component(p);
      int other = label.component(t);
      if (from < to && predicted.component(one).classId() == actual.component(other).classId()) {
        int band = pixels(predicted.band, actual.band, from, to, predicted.width, predicted.height);
        overlaps.add(one, other, to - from, band);
      }
      if (said.end(p) <= to) {
        p++;
      } else {
        t++;
      }
    }
    return overlaps;
  }
}
