package stillhouse.loss;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import stillhouse.structure.Weighting;
import stillhouse.student.Scalar;

/**
 * SARD's importance W of each position, from the cached E, C and D:
 *
 * <pre>
 *   S = β_e E + β_c C + β_d D,   W = S / Σ S,   Σ W = 1 for each image
 * </pre>
 *
 * Uniform weighting is W = 1 / (h·w), so that Σ W‖·‖² is already a mean, with no further factor.
 *
 * <p>Source: seed sard, "Structure Importance Map". Ours: {@link Weighting.Components}; {@link
 * stillhouse.structure.StructureMap} is the same of one image, in double. Degenerate: where Σ S = 0
 * (a constant image, or a weighting whose components are all absent), W is uniform.
 */
record StructureWeights(Weighting weighting) {
  private static final int[] SPACE = {2, 3};

  /**
   * @param structure E, C, D ≥ 0, [B, 3, h, w]; not read by the uniform weighting
   * @param batch B, height h and width w of what is to be weighted
   * @param manager owner of the result
   * @return W, [B, h, w], without gradient
   */
  NDArray of(NDArray structure, long batch, long height, long width, NDManager manager) {
    double even = 1.0 / (height * width);
    Weighting.Betas betas = weighting.betas();
    if (betas.areUniform()) {
      return manager.full(new Shape(batch, height, width), (float) even);
    }
    requireGrid(structure, new Shape(batch, 3, height, width));
    NDArray maps = structure.stopGradient();
    NDArray shares =
        manager
            .create(new float[] {(float) betas.e(), (float) betas.c(), (float) betas.d()})
            .reshape(1, 3, 1, 1);
    if (weighting.components() == Weighting.Components.UNIT_MEAN) {
      shares = unitMean(maps).mul(shares);
    }
    NDArray s = maps.mul(shares).sum(new int[] {1});
    NDArray total = s.sum(new int[] {1, 2}, true);
    NDArray some = total.gt(0).toType(DataType.FLOAT32, false);
    NDArray none = some.neg().add(1);
    return s.div(total.add(none)).mul(some).add(Scalar.times(none, even));
  }

  /** 1 / mean of each component that is above the floor, else 0: [B, 3, 1, 1]. */
  private static NDArray unitMean(NDArray maps) {
    Shape shape = maps.getShape();
    NDArray means = Scalar.over(maps.sum(SPACE, true), shape.get(2) * shape.get(3));
    NDArray floor = Scalar.times(means.max(new int[] {1}, true), Weighting.NOISE_FLOOR);
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
