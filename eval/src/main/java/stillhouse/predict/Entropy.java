package stillhouse.predict;

import stillhouse.tensor.FloatTensor;

/** How unsure a network is of its mask. */
final class Entropy {
  private static final double LOG_2 = Math.log(2);

  private Entropy() {}

  /**
   * The mean over positions of H(σ(z)), z the largest logit over classes: of "anything here", in
   * bits, 0…1. At the network's own resolution.
   *
   * @param logits [K, h, w], pre-sigmoid
   */
  static double mean(FloatTensor logits) {
    float[] data = logits.data();
    int area = logits.dim(1) * logits.dim(2);
    double sum = 0;
    for (int i = 0; i < area; i++) {
      float largest = data[i];
      for (int at = i + area; at < data.length; at += area) {
        largest = Math.max(largest, data[at]);
      }
      sum += bits(largest);
    }
    return sum / area;
  }

  /** H(σ(z)) = log(1 + e^−|z|) + |z| / (1 + e^|z|), in bits: even in z, and safe for large ones. */
  private static double bits(double z) {
    double size = Math.abs(z);
    double e = Math.exp(-size);
    return (Math.log1p(e) + size * e / (1 + e)) / LOG_2;
  }
}
