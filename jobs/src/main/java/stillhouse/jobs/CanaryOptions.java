package stillhouse.jobs;

import picocli.CommandLine.Option;
import stillhouse.canary.Canary;
import stillhouse.conf.ConfigException;

/**
 * What a file of another precision must keep of its FP32 file to be promoted. Limits can be made
 * stricter than the gate's own, and images more, never looser or fewer: a limit that each run sets
 * for itself is none.
 */
final class CanaryOptions {
  private static final int IMAGES = 64;

  @Option(
      names = "--canary-images",
      defaultValue = "" + IMAGES,
      paramLabel = "N",
      description =
          "images of the split on which files of other precisions are held against the FP32 file, all where it has fewer; more is stricter (default: ${DEFAULT-VALUE})")
  private int images;

  @Option(
      names = "--canary-parity",
      defaultValue = "" + Canary.MASK_IOU,
      paramLabel = "IOU",
      description =
          "least IoU of their masks with the FP32 file's, mean over classes; more is stricter (default: ${DEFAULT-VALUE})")
  private double parity;

  @Option(
      names = "--canary-variance",
      defaultValue = "" + Canary.VARIANCE,
      paramLabel = "SHARE",
      description =
          "least variance of their logits and embedding from image to image, of the FP32 file's; its inverse is the most; more is stricter (default: ${DEFAULT-VALUE})")
  private double variance;

  @Option(
      names = "--canary-latency",
      defaultValue = "" + Canary.LATENCY_SHARE,
      paramLabel = "SHARE",
      description =
          "latency that they must stay under, of the FP32 file's; less is stricter (default: ${DEFAULT-VALUE})")
  private double latency;

  @Option(
      names = "--canary-boundary-drop",
      defaultValue = "" + BoundaryCheck.MAX_DROP,
      paramLabel = "F",
      description =
          "how far their boundary IoU may fall below the FP32 file's; less is stricter (default: ${DEFAULT-VALUE})")
  private double maxDrop;

  /**
   * What a file is held to.
   *
   * @param images at most
   * @param maxDrop of boundary IoU
   */
  record Terms(Canary canary, double maxDrop, int images) {
    /** As reports keep it: another text is another look. */
    String text() {
      return "IoU of masks with the reference's at least %s, variance at least %s of the reference's, latency under %s of it by %d runs, boundary IoU may fall by %s; %d images at most"
          .formatted(
              canary.minMaskIou(),
              canary.minVariance(),
              canary.maxLatency(),
              canary.latencyRuns(),
              maxDrop,
              images);
    }
  }

  /**
   * @throws ConfigException where a limit is out of its range
   */
  Terms terms() {
    if (images < IMAGES) {
      throw new ConfigException(
          "Invalid --canary-images: %d (must be ≥ %d: fewer see less than the gate's own; of a split that has fewer it takes all)"
              .formatted(images, IMAGES));
    }
    require("--canary-parity", parity, Canary.MASK_IOU, 1);
    require("--canary-variance", variance, Canary.VARIANCE, 1);
    require("--canary-boundary-drop", maxDrop, 0, BoundaryCheck.MAX_DROP);
    if (!(latency > 0 && latency <= Canary.LATENCY_SHARE)) {
      throw refused("--canary-latency", latency, "above 0 and at most " + Canary.LATENCY_SHARE);
    }
    return new Terms(Canary.of(parity, variance, latency), maxDrop, images);
  }

  private static void require(String option, double value, double least, double most) {
    if (!(value >= least && value <= most)) {
      throw refused(option, value, "from " + least + " to " + most);
    }
  }

  private static ConfigException refused(String option, double value, String range) {
    return new ConfigException(
        "Invalid %s: %s (must be %s: stricter than the gate's own limit, or that)"
            .formatted(option, value, range));
  }
}
