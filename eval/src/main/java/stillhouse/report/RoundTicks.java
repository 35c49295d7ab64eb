package stillhouse.report;

import java.util.stream.DoubleStream;
import java.util.stream.LongStream;

/**
 * The ticks of an axis at multiples of a step.
 *
 * @param step a round number: 1, 2 or 5 times a power of ten
 */
public record RoundTicks(double step) {
  /** Over an extent of more than 0, at most so many steps. */
  public static RoundTicks over(double extent, int steps) {
    double raw = extent / steps;
    double power = Math.pow(10, Math.floor(Math.log10(raw)));
    double digit = raw / power - 1e-9; // of rounding
    return new RoundTicks(power * (digit <= 1 ? 1 : digit <= 2 ? 2 : digit <= 5 ? 5 : 10));
  }

  /** The multiples from one value to another, both included. */
  public DoubleStream between(double low, double high) {
    long first = (long) Math.ceil(low / step);
    long last = (long) Math.floor(high / step);
    return LongStream.rangeClosed(first, last).mapToDouble(i -> i * step + 0.0); // no −0
  }

  /** Digits behind the point that tell them apart. */
  public int digits() {
    return (int) Math.max(0, Math.ceil(-Math.log10(step) - 1e-9));
  }
}
