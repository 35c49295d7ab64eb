package stillhouse.loss;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.databind.JsonNode;
import java.io.Serializable;

/**
 * SARD's importance W of each position, from the cached E, C and D:
 *
 * <pre>
 *   S = β_e E + β_c C + β_d D,   W = S / Σ S,   Σ W = 1 for each image
 * </pre>
 *
 * Uniform weighting is W = 1 / (h·w), so that Σ W‖·‖² is already a mean, with no further factor.
 *
 * <p>Source: seed sard, "Structure Importance Map". Ours: {@link Components}. Degenerate: where Σ S
 * = 0 (a constant image, or a weighting whose components are all absent), W is uniform.
 */
record StructureWeights(Betas betas, Components components) {
  /**
   * Under this share of the largest component's mean, a component is rounding noise and counts as 0
   * in {@link Components#UNIT_MEAN}; the same share as for the maps of whole images.
   */
  static final double FLOOR = 1e-6;

  private static final int[] SPACE = {2, 3};

  /** What the betas multiply. */
  enum Components {
    /** E, C and D as they are; E is then most of S. */
    @JsonProperty("raw")
    RAW,
    /** Each divided by its mean over the image, so that a beta is a share. */
    @JsonProperty("unit-mean")
    UNIT_MEAN
  }

  /** β_e, β_c and β_d, ≥ 0; all zero is the uniform weighting. */
  record Betas(
      @JsonProperty("E") double e, @JsonProperty("C") double c, @JsonProperty("D") double d)
      implements Serializable {
    static final Betas FULL = new Betas(2, 1, 1); // the seed's
    static final Betas UNIFORM = new Betas(0, 0, 0);

    Betas {
      if (!(e >= 0 && c >= 0 && d >= 0 && e + c + d < Double.POSITIVE_INFINITY)) {
        throw new IllegalArgumentException(
            "Invalid weighting: {E: " + e + ", C: " + c + ", D: " + d + "} (each must be >= 0)");
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

    static Betas named(String name) {
      return switch (name) {
        case "uniform" -> UNIFORM;
        case "E" -> new Betas(FULL.e, 0, 0);
        case "C" -> new Betas(0, FULL.c, 0);
        case "D" -> new Betas(0, 0, FULL.d);
        case "E+C" -> new Betas(FULL.e, FULL.c, 0);
        case "full" -> FULL;
        default ->
            throw new IllegalArgumentException(
                "Invalid weighting: "
                    + name
                    + " (must be uniform, E, C, D, E+C, full or {E: …, C: …, D: …})");
      };
    }

    boolean areUniform() {
      return e == 0 && c == 0 && d == 0;
    }
  }

  /**
   * @param structure E, C, D ≥ 0, [B, 3, h, w]; not read by the uniform weighting
   * @param batch B, height h and width w of what is to be weighted
   * @param manager owner of the result
   * @return W, [B, h, w], without gradient
   */
  NDArray of(NDArray structure, long batch, long height, long width, NDManager manager) {
    double even = 1.0 / (height * width);
    if (betas.areUniform()) {
      return manager.full(new Shape(batch, height, width), (float) even);
    }
    requireGrid(structure, new Shape(batch, 3, height, width));
    NDArray maps = structure.stopGradient();
    NDArray shares =
        manager
            .create(new float[] {(float) betas.e, (float) betas.c, (float) betas.d})
            .reshape(1, 3, 1, 1);
    if (components == Components.UNIT_MEAN) {
      shares = unitMean(maps).mul(shares);
    }
    NDArray s = maps.mul(shares).sum(new int[] {1});
    NDArray total = s.sum(new int[] {1, 2}, true);
    NDArray some = total.gt(0).toType(DataType.FLOAT32, false);
    NDArray none = some.neg().add(1);
    return s.div(total.add(none)).mul(some).add(none.mul(even));
  }

  /** 1 / mean of each component that is above the floor, else 0: [B, 3, 1, 1]. */
  private static NDArray unitMean(NDArray maps) {
    Shape shape = maps.getShape();
    NDArray means = maps.sum(SPACE, true).div(shape.get(2) * shape.get(3));
    NDArray floor = means.max(new int[] {1}, true).mul(FLOOR);
    NDArray live = means.gt(floor).toType(DataType.FLOAT32, false);
    return live.div(means.add(live.neg().add(1)));
  }

  private static void requireGrid(NDArray structure, Shape expected) {
    if (!structure.getShape().equals(expected)) {
      throw new IllegalArgumentException(
          "Invalid structure maps: shape "
              + structure.getShape()
              + ", the teacher's features need "
              + expected
              + ". Derive both for the recipe's alignment.grid.");
    }
  }
}
