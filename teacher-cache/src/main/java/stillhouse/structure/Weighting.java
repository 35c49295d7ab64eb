package stillhouse.structure;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.databind.JsonNode;
import java.io.Serializable;

/**
 * S = β_e E + β_c C + β_d D: how much each measure counts, and in which units.
 *
 * @param components whether the maps enter as they are or each divided by its image mean
 */
public record Weighting(Betas betas, Components components) implements Serializable {
  /**
   * Below this share of the largest component's mean a component is rounding noise and counts as 0
   * in {@link Components#UNIT_MEAN}: √ε of a double is 1.5e-8, which is what C has where all
   * gradients are parallel; the rest is margin for the sum over channels.
   */
  public static final double NOISE_FLOOR = 1e-6;

  /** The units in which E, C and D are added. */
  public enum Components {
    /** As measured: E then outweighs the others by far on most teachers. */
    @JsonProperty("raw")
    RAW,
    /** Each divided by its mean over the image, so that β are shares. */
    @JsonProperty("unit-mean")
    UNIT_MEAN
  }

  /** β_e, β_c and β_d, finite and >= 0; all zero is W = 1/(HW). */
  public record Betas(
      @JsonProperty("E") double e, @JsonProperty("C") double c, @JsonProperty("D") double d)
      implements Serializable {
    public static final Betas UNIFORM = new Betas(0, 0, 0);

    /** Seed sard, "Loss & Training". */
    public static final Betas FULL = new Betas(2, 1, 1);

    public Betas {
      if (!(e >= 0 && c >= 0 && d >= 0 && e + c + d < Double.POSITIVE_INFINITY)) {
        throw new IllegalArgumentException(
            "Invalid weighting: {E: "
                + e
                + ", C: "
                + c
                + ", D: "
                + d
                + "} (each must be finite and >= 0)");
      }
    }

    /** A weighting's name, or a mapping of E, C and D (absent: 0). */
    @JsonCreator(mode = JsonCreator.Mode.DELEGATING)
    static Betas read(JsonNode node) {
      return node.isTextual()
          ? named(node.textValue())
          : new Betas(
              node.path("E").asDouble(), node.path("C").asDouble(), node.path("D").asDouble());
    }

    /**
     * The weighting of an ablation, by its name.
     *
     * @param name {@code uniform | E | C | D | E+C | full}
     */
    public static Betas named(String name) {
      return switch (name) {
        case "uniform" -> UNIFORM;
        case "E" -> new Betas(FULL.e, 0, 0);
        case "C" -> new Betas(0, FULL.c, 0);
        case "D" -> new Betas(0, 0, FULL.d);
        case "E+C" -> new Betas(FULL.e, FULL.c, 0);
        case "full" -> FULL;
        default ->
            throw new IllegalArgumentException(
                "Invalid weighting: '" + name + "' (known: uniform, E, C, D, E+C, full)");
      };
    }

    /** Not named is…: that would make it a property in JSON, and so in the recipe's digest. */
    public boolean areUniform() {
      return e == 0 && c == 0 && d == 0;
    }
  }

  /** In {@link Components#UNIT_MEAN}; names as {@link Betas#named}. */
  public static Weighting named(String name) {
    return new Weighting(Betas.named(name), Components.UNIT_MEAN);
  }

  public Weighting with(Components other) {
    return new Weighting(betas, other);
  }
}
