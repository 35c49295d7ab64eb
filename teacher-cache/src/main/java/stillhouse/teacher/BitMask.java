package stillhouse.teacher;

import stillhouse.tensor.FloatTensor;

/** A mask as a bit a cell, row by row. */
public final class BitMask {
  private final long[] words;
  private final int cells;
  private final int area;

  private BitMask(long[] words, int cells) {
    this.words = words;
    this.cells = cells;
    int count = 0;
    for (long word : words) {
      count += Long.bitCount(word);
    }
    this.area = count;
  }

  /** Where the logits are positive. */
  public static BitMask positive(FloatTensor logits) {
    float[] values = logits.data();
    long[] words = new long[(values.length + Long.SIZE - 1) / Long.SIZE];
    for (int i = 0; i < values.length; i++) {
      if (values[i] > 0) {
        words[i / Long.SIZE] |= 1L << i; // a shift counts modulo 64
      }
    }
    return new BitMask(words, values.length);
  }

  public int area() {
    return area;
  }

  int cells() {
    return cells;
  }

  /**
   * |A ∩ B| / |A ∪ B|, 1 where both are empty.
   *
   * @throws IllegalArgumentException where the other has another number of cells
   */
  public double iou(BitMask other) {
    if (other.cells != cells) {
      throw new IllegalArgumentException(
          "Invalid masks: %d and %d cells (must be equal)".formatted(cells, other.cells));
    }
    int both = 0;
    for (int i = 0; i < words.length; i++) {
      both += Long.bitCount(words[i] & other.words[i]);
    }
    int either = area + other.area - both;
    return either == 0 ? 1 : (double) both / either;
  }
}
