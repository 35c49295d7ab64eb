package stillhouse.jobs;

import stillhouse.conf.ConfigException;
import stillhouse.predict.Reading;

/**
 * How student and teacher are held against each other.
 *
 * @param split whose samples
 * @param reading when they count as disagreeing
 * @param threshold of the reading
 * @param worst how many samples are drawn
 */
record ReviewTerms(String split, Reading reading, double threshold, int worst) {
  static final int MOST_DRAWN = 200; // each with its image and answers on the driver

  ReviewTerms {
    if (!(threshold > 0 && threshold < 1)) {
      throw new ConfigException("Invalid --threshold: " + threshold + " (must be > 0 and < 1)");
    }
    if (worst < 0 || worst > MOST_DRAWN) {
      throw new ConfigException("Invalid --worst: " + worst + " (must be 0 to " + MOST_DRAWN + ")");
    }
  }

  /** A folder's name, of a model's look at its samples. */
  String folder(int epoch) {
    return "epoch-%06d-%s-%s-%s".formatted(epoch, split, reading.word(), threshold);
  }
}
