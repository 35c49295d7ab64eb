package stillhouse.data;

/**
 * Lines of pixels, each cut at places where inside and outside change: the even-odd rule. A line is
 * a row or a column of an image; only lines that were asked for take memory.
 */
final class Parity {
  private final int first;
  private final int length;
  private final boolean[] cut;

  /**
   * @param first the first line, and last the last
   * @param length pixels of a line
   */
  Parity(int first, int last, int length) {
    this.first = first;
    this.length = length;
    this.cut = new boolean[Math.multiplyExact(Math.max(0, last - first + 1), length + 1)];
  }

  /** From pixel {@code at} of the line on, 0…length, inside is outside and the other way round. */
  void toggle(int line, int at) {
    cut[(line - first) * (length + 1) + at] ^= true;
  }

  /**
   * @param lineStep from a line's first pixel to the next line's, in the image's indices
   * @param pixelStep from a pixel to the next of its line
   */
  void draw(int lineStep, int pixelStep, Shape.Runs sink) {
    int lines = cut.length / (length + 1);
    for (int line = 0; line < lines; line++) {
      int start = (first + line) * lineStep;
      int opened = -1;
      for (int i = 0, at = line * (length + 1); i <= length; i++, at++) {
        if (!cut[at]) {
          continue;
        }
        if (opened < 0) {
          opened = i;
        } else {
          sink.run(start + opened * pixelStep, pixelStep, i - opened);
          opened = -1;
        }
      }
      if (opened >= 0 && opened < length) {
        sink.run(start + opened * pixelStep, pixelStep, length - opened);
      }
    }
  }
}
