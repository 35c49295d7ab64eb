package stillhouse.structure;

import java.io.Serializable;

/**
 * S = β_e E + β_c C + β_d D: how much each measure counts, and in which units.
 *
 * @param components whether the maps enter as they are or each divided by its image mean
 */
public record Weighting(double e, double c, double d, Components components)
    implements Serializable {

  /** The units in which E, C and D are added. */
  public enum Components {
    /** As measured: E then outweighs the others by far on most teachers. */
    RAW,
    /** Each divided by its mean over the image, so that β are shares. */
    UNIT_MEAN
  }

  /** W = 1/(HW). */
  public static final Weighting UNIFORM = new Weighting(0, 0, 0, Components.UNIT_MEAN);

  public static final Weighting E = new Weighting(2, 0, 0, Components.UNIT_MEAN);
  public static final Weighting C = new Weighting(0, 1, 0, Components.UNIT_MEAN);
  public static final Weighting D = new Weighting(0, 0, 1, Components.UNIT_MEAN);
  public static final Weighting E_C = new Weighting(2, 1, 0, Components.UNIT_MEAN);

  /** β = 2, 1, 1: seed sard, "Loss & Training". */
  public static final Weighting FULL = new Weighting(2, 1, 1, Components.UNIT_MEAN);

  public Weighting {
    if (!valid(e) || !valid(c) || !valid(d)) {
      throw new IllegalArgumentException(
          "Invalid weighting: E "
              + e
              + ", C "
              + c
              + ", D "
              + d
              + " (each must be finite and >= 0)");
    }
  }

  /**
   * @param name {@code uniform | E | C | D | E+C | full}
   */
  public static Weighting named(String name) {
    return switch (name) {
      case "uniform" -> UNIFORM;
      case "E" -> E;
      case "C" -> C;
      case "D" -> D;
      case "E+C" -> E_C;
      case "full" -> FULL;
      default ->
          throw new IllegalArgumentException(
              "Invalid weighting: '" + name + "' (known: uniform, E, C, D, E+C, full)");
    };
  }

  public Weighting with(Components other) {
    return new Weighting(e, c, d, other);
  }

  private static boolean valid(double beta) {
    return beta >= 0 && beta < Double.POSITIVE_INFINITY;
  }
}
