package stillhouse.loss;

/**
 * One term of an objective: L = Σ_terms weight · Σ_b w_b l_b / Σ_b w_b.
 *
 * @param name what its curve is called
 * @param weight its factor λ
 */
public record Term(String name, double weight, Loss loss) {
  public Term {
    if (!(weight >= 0) || Double.isInfinite(weight)) {
      throw new IllegalArgumentException(
          "Invalid weight of loss '" + name + "': " + weight + " (must be finite and >= 0)");
    }
  }
}
