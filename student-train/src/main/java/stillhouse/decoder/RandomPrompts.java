package stillhouse.decoder;

import ai.djl.ndarray.types.Shape;
import java.util.List;
import java.util.Random;

/** Prompts of a padding point and two others, of any labels that a decoder knows. */
final class RandomPrompts {
  private static final int POINTS = 3;
  private static final float MASK_SCALE = 8; // logits of a mask that is sure of itself

  private final int count;
  private final boolean masked;
  private final PromptGrid grid;
  private final float[] points;
  private final float[] labels;
  private final float[] mask;

  private RandomPrompts(
      int count, boolean masked, PromptGrid grid, List<Integer> known, Random random) {
    this.count = count;
    this.masked = masked;
    this.grid = grid;
    points = new float[count * POINTS * 2];
    labels = new float[count * POINTS];
    mask = new float[Math.toIntExact(maskShape().size())];
    for (int i = 0; i < labels.length; i++) {
      points[2 * i] = random.nextFloat() * grid.inputWidth();
      points[2 * i + 1] = random.nextFloat() * grid.inputHeight();
      labels[i] =
          i % POINTS == POINTS - 1 ? PromptKinds.PADDING : known.get(random.nextInt(known.size()));
    }
    for (int i = 0; i < mask.length && masked; i++) {
      mask[i] = (float) (MASK_SCALE * random.nextGaussian());
    }
  }

  /**
   * @param masked whether an earlier mask goes in with each; without one it is zeros
   */
  static RandomPrompts of(PromptableDecoder decoder, int count, boolean masked, Random random) {
    List<Integer> known = decoder.config().prompts().labels();
    return new RandomPrompts(count, masked, decoder.grid(), known, random);
  }

  boolean masked() {
    return masked;
  }

  float[] points() {
    return points;
  }

  float[] labels() {
    return labels;
  }

  float[] mask() {
    return mask;
  }

  Shape pointShape() {
    return new Shape(count, POINTS, 2);
  }

  Shape labelShape() {
    return new Shape(count, POINTS);
  }

  Shape maskShape() {
    int cells = PromptableDecoder.MASK_CELLS;
    return new Shape(count, 1, (long) cells * grid.height(), (long) cells * grid.width());
  }
}
