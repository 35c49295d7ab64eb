package stillhouse.structure;

import stillhouse.tensor.FloatTensor;

/**
 * SARD weights W of one image, [H, W] in feature cells: W = S / Σ S with S = β_e E + β_c C + β_d D,
 * each >= 0 and summing to 1. Where Σ S = 0, W is 1/(HW). Σ W‖·‖² is therefore a mean already, with
 * no further factor. Source: seed sard, "Structure Importance Map".
 */
public final class StructureMap {
  private final FloatTensor weights;

  private StructureMap(FloatTensor weights) {
    this.weights = weights;
  }

  public static StructureMap of(StructureMaps maps, Weighting weighting) {
    float[][] parts = {maps.e().data(), maps.c().data(), maps.d().data()};
    double[] factors = factors(parts, weighting);
    double[] s = new double[parts[0].length];
    double total = 0;
    for (int i = 0; i < s.length; i++) {
      s[i] = factors[0] * parts[0][i] + factors[1] * parts[1][i] + factors[2] * parts[2][i];
      total += s[i];
    }
    float[] w = new float[s.length];
    for (int i = 0; i < w.length; i++) {
      w[i] = (float) (total > 0 ? s[i] / total : 1.0 / w.length);
    }
    return new StructureMap(new FloatTensor(maps.e().shape(), w));
  }

  /** W, [H, W]. */
  public FloatTensor weights() {
    return weights;
  }

  private static double[] factors(float[][] parts, Weighting weighting) {
    Weighting.Betas beta = weighting.betas();
    double[] betas = {beta.e(), beta.c(), beta.d()};
    return switch (weighting.components()) {
      case RAW -> betas;
      case UNIT_MEAN -> perMean(parts, betas);
    };
  }

  private static double[] perMean(float[][] parts, double[] betas) {
    double[] means = new double[parts.length];
    double largest = 0;
    for (int p = 0; p < parts.length; p++) {
      for (float v : parts[p]) {
        means[p] += v;
      }
      means[p] /= parts[p].length;
      largest = Math.max(largest, means[p]);
    }
    double[] factors = new double[parts.length];
    for (int p = 0; p < parts.length; p++) {
      boolean signal = means[p] > 0 && means[p] >= Weighting.NOISE_FLOOR * largest;
      factors[p] = signal ? betas[p] / means[p] : 0;
    }
    return factors;
  }
}
