package stillhouse.canary;

/**
 * How much a network's answer changes from image to image: the population variance of each of its
 * values over the images, averaged over the values. 0 for a network that says the same of every
 * image. Unit: that of the values, squared.
 *
 * <p>Welford's update, value by value: images are seen once and none is kept.
 */
final class Spread {
  private double[] mean = new double[0];
  private double[] squares = new double[0]; // sums of squared distances from the mean
  private long count;

  /**
   * @param values of one image, as many each time
   */
  void add(float[] values) {
    if (count == 0) {
      mean = new double[values.length];
      squares = new double[values.length];
    }
    count++;
    for (int i = 0; i < values.length; i++) {
      double before = values[i] - mean[i];
      mean[i] += before / count;
      squares[i] += before * (values[i] - mean[i]);
    }
  }

  long count() {
    return count;
  }

  double variance() {
    double sum = 0;
    for (double square : squares) {
      sum += square;
    }
    return sum == 0 ? 0 : sum / count / squares.length;
  }
}
