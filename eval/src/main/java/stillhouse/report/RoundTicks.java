package stillhouse.report;

import java.util.stream.DoubleStream;
import java.util.stream.LongStream;

/**
 * The ticks of an axis at multiples of a step.
 *
 * @param step a round number: 1, 2 or 5 times a power of ten
 */
public record RoundTicks(double step) {
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
