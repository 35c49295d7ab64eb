package stillhouse.jobs;

import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import stillhouse.conf.ConfigException;
import stillhouse.metrics.Metric;
import stillhouse.predict.CascadePoint;

/** What an operating point of a cascade must reach on the split that it is found on. */
sealed interface CascadeTarget {
  /** The point to choose of a curve; empty where none reaches the target. */
  Optional<CascadePoint> choose(List<CascadePoint> curve);

  /** What is to be said of what it chose: where there is no point, or one that asks nobody. */
  Optional<String> remark(List<CascadePoint> curve, String split);

  /** In words. */
  String told();

  /** The student answers at least this share of the images. */
  record Share(double student) implements CascadeTarget {
    /** As many images for the teacher as the share allows; of as many, the greater threshold. */
    @Override
    public Optional<CascadePoint> choose(List<CascadePoint> curve) {
      return curve.stream()
          .filter(p -> p.images() - p.asked() >= student * p.images() - 1e-9)
          .max(
              Comparator.comparingLong(CascadePoint::asked)
                  .thenComparingDouble(CascadePoint::threshold));
    }

    @Override
    public Optional<String> remark(List<CascadePoint> curve, String split) {
      Optional<CascadePoint> silent = choose(curve).filter(p -> p.asked() == 0 && student < 1);
      return silent.map(p -> silence(p.images(), curve, split));
    }

    private String silence(long images, List<CascadePoint> curve, String split) {
      long may = (long) Math.floor((1 - student) * images + 1e-9);
      if (may == 0) {
        return "no image is asked about, since %.1f %% of the %d images of split %s is less than one. Give a smaller --student-share, or a larger split"
            .formatted(100 * (1 - student), images, split);
      }
      long alike = curve.stream().mapToLong(CascadePoint::asked).filter(n -> n > 0).min().orElse(0);
      return "no image is asked about, since no more than %d may be, and no threshold parts them from the %d of split %s that the student is least sure of: they read about alike, or the curve's steps of 1 %% are too coarse for so few"
          .formatted(may, alike, split);
    }

    @Override
    public String told() {
      return "the student answers at least " + student + " of the images";
    }
  }

  /** The cascade reaches a mean over classes. */
  record Value(Metric metric, double least) implements CascadeTarget {
    /** As few images for the teacher as reach it. */
    @Override
    public Optional<CascadePoint> choose(List<CascadePoint> curve) {
      return curve.stream()
          .filter(p -> p.mean(metric).orElse(0) >= least)
          .min(
              Comparator.comparingLong(CascadePoint::asked)
                  .thenComparingDouble(CascadePoint::threshold));
    }

    @Override
    public Optional<String> remark(List<CascadePoint> curve, String split) {
      return choose(curve).isPresent()
          ? Optional.empty()
          : Optional.of(
              String.format(
                  Locale.ROOT,
                  "no threshold reaches %s on split %s; the most is %.4f",
                  told(),
                  split,
                  curve.stream().mapToDouble(p -> p.mean(metric).orElse(0)).max().orElse(0)));
    }

    @Override
    public String told() {
      return metric.key() + " of at least " + least;
    }
  }

  /**
   * @param value of METRIC=VALUE, in place of the share
   * @throws ConfigException naming the option
   */
  static CascadeTarget of(double share, Optional<String> value) {
    if (value.isPresent()) {
      return value(value.get());
    }
    if (!(share >= 0 && share <= 1)) {
      throw new ConfigException("Invalid --student-share: " + share + " (must be 0 to 1)");
    }
    return new Share(share);
  }

  private static CascadeTarget value(String text) {
    String[] parts = text.split("=", 2);
    Optional<Metric> metric =
        Arrays.stream(Metric.values()).filter(m -> m.key().equals(parts[0])).findFirst();
    double least = parts.length == 2 ? number(parts[1]) : Double.NaN;
    if (metric.isEmpty() || !(least > 0 && least <= 1)) {
      throw new ConfigException(
          "Invalid --target: %s (must be METRIC=VALUE, of %s and more than 0, at most 1)"
              .formatted(text, Arrays.stream(Metric.values()).map(Metric::key).toList()));
    }
    return new Value(metric.get(), least);
  }

  private static double number(String text) {
    try {
      return Double.parseDouble(text);
    } catch (NumberFormatException e) {
      return Double.NaN; // refused with the whole option
    }
  }
}
