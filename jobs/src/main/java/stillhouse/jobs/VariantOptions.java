package stillhouse.jobs;

import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import picocli.CommandLine.Option;
import stillhouse.conf.ConfigException;
import stillhouse.points.PointSettings;
import stillhouse.quantize.Calibration;
import stillhouse.quantize.Sensitivity;

/** Which precisions export writes, and how INT8 is calibrated. */
final class VariantOptions {
  @Option(
      names = "--variants",
      split = ",",
      defaultValue = "fp32",
      paramLabel = "NAME",
      description =
          "fp32, fp16, int8 (for TensorRT), int8-cpu (for ONNX Runtime on CPUs), int8-weight-only, points (a student of dense points with its decoder in one file, which asks itself) (default: ${DEFAULT-VALUE}; fp32 is always written)")
  private List<String> variants;

  @Option(
      names = "--calibration",
      paramLabel = "NAME",
      defaultValue = "percentile",
      description =
          "how INT8 activations get their ranges: min-max, percentile (99.99) or entropy (default: ${DEFAULT-VALUE})")
  private String calibration;

  @Option(
      names = "--calibration-images",
      defaultValue = "512",
      paramLabel = "N",
      description = "training images that ranges are measured on (default: ${DEFAULT-VALUE})")
  private int images;

  @Option(
      names = "--strata",
      paramLabel = "FILE.csv",
      description =
          "what is known of images, as evaluate takes it: each combination of its values, as glare and paint, gets its share of the calibration images")
  private String strata;

  @Option(
      names = "--int8-limit",
      defaultValue = "" + Sensitivity.LIMIT,
      paramLabel = "SHARE",
      description =
          "layers that INT8 costs most stay in float until logits differ by no more than this share of their deviation (default: ${DEFAULT-VALUE})")
  private double limit;

  @Option(
      names = "--int8-float",
      split = ",",
      paramLabel = "NODE",
      description = "nodes that stay in float, by name, instead of those that are measured")
  private Set<String> inFloat;

  @Option(
      names = "--points",
      defaultValue = "" + PointSettings.POINTS,
      paramLabel = "K",
      description =
          "of the variant points: places of an image that the decoder is asked about, at most (default: ${DEFAULT-VALUE})")
  private int points;

  @Option(
      names = "--point-threshold",
      defaultValue = "" + PointSettings.THRESHOLD,
      paramLabel = "SHARE",
      description =
          "of the variant points: places of a greater probability of any class may be asked about (default: ${DEFAULT-VALUE})")
  private double pointThreshold;

  @Option(
      names = "--point-min-iou",
      defaultValue = "" + PointSettings.MIN_IOU,
      paramLabel = "SHARE",
      description =
          "of the variant points: masks of a smaller predicted IoU are dropped (default: ${DEFAULT-VALUE})")
  private double pointMinIou;

  @Option(
      names = "--point-overlap",
      defaultValue = "" + PointSettings.OVERLAP,
      paramLabel = "SHARE",
      description =
          "of the variant points: a mask whose IoU with a surer one is this or more is dropped (default: ${DEFAULT-VALUE})")
  private double pointOverlap;

  /**
   * How a student of points asks itself.
   *
   * @throws ConfigException where an option is out of its range
   */
  PointSettings points() {
    try {
      return new PointSettings(
          points, pointThreshold, pointMinIou, pointOverlap, PointSettings.MAX_AREA);
    } catch (IllegalArgumentException e) {
      throw new ConfigException("Invalid --points or --point-…: " + e.getMessage(), e);
    }
  }

  /** Without FP32, from which the others are made. */
  Set<Variant> others() {
    Set<Variant> chosen = EnumSet.noneOf(Variant.class);
    for (String word : variants) {
      chosen.add(
          Variant.of(word)
              .orElseThrow(
                  () ->
                      new ConfigException(
                          "Invalid --variants: %s (must be among %s)"
                              .formatted(word, Variant.words()))));
    }
    chosen.remove(Variant.FP32);
    if (images < 1) {
      throw new ConfigException("Invalid --calibration-images: " + images + " (must be ≥ 1)");
    }
    if (!(limit >= 0)) {
      throw new ConfigException(
          "Invalid --int8-limit: " + limit + " (must be ≥ 0: a share of the logits' deviation)");
    }
    return chosen;
  }

  Calibration calibration() {
    return Calibration.of(calibration)
        .orElseThrow(
            () ->
                new ConfigException(
                    "Invalid --calibration: %s (must be one of %s)"
                        .formatted(calibration, Calibration.words())));
  }

  int images() {
    return images;
  }

  Optional<String> strata() {
    return Optional.ofNullable(strata);
  }

  double limit() {
    return limit;
  }

  /** Nodes that were named. */
  Set<String> inFloat() {
    return inFloat == null ? Set.of() : Set.copyOf(inFloat);
  }

  boolean measures() {
    return inFloat == null;
  }
}
