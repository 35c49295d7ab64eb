package stillhouse.jobs;

import java.util.Arrays;
import java.util.OptionalDouble;
import org.apache.commons.math3.distribution.TDistribution;

/**
 * A difference over several seeds.
 *
 * @param margin half the width of the 95 % interval of the mean, t(0.975, n − 1) · s / √n with s
 *     the seeds' standard deviation over n − 1; empty for fewer than three seeds
 */
record SeedSpread(int seeds, double mean, double min, double max, OptionalDouble margin) {
  static final String FORMULA = "mean ± t(0.975, n − 1) · s / √n, s over n − 1, n seeds";
  private static final int FEWEST = 3; // two seeds give an interval of 12.7 standard errors

  static SeedSpread of(double... differences) {
    var all = Arrays.stream(differences).summaryStatistics();
    double mean = all.getAverage();
    int n = differences.length;
    OptionalDouble margin = OptionalDouble.empty();
    if (n >= FEWEST) {
      double squares = Arrays.stream(differences).map(d -> (d - mean) * (d - mean)).sum();
      double t = new TDistribution(n - 1).inverseCumulativeProbability(0.975);
      margin = OptionalDouble.of(t * Math.sqrt(squares / (n - 1)) / Math.sqrt(n));
    }
    return new SeedSpread(n, mean, all.getMin(), all.getMax(), margin);
  }
}
