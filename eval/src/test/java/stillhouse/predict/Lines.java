package stillhouse.predict;

import java.util.List;
import java.util.function.Function;
import stillhouse.data.ClassMask;
import stillhouse.data.RgbImage;
import stillhouse.tensor.FloatTensor;

/** Masks of one row of pixels as text, a digit a pixel: 0 background, x ignored; and a student. */
final class Lines {
  static final List<String> CLASSES = List.of("red", "green");

  private Lines() {}

  /** Logits of ±size for both classes. */
  static FloatTensor logits(String line, float size) {
    float[] logits = new float[CLASSES.size() * line.length()];
    for (int i = 0; i < line.length(); i++) {
      for (int c = 0; c < CLASSES.size(); c++) {
        logits[c * line.length() + i] = line.charAt(i) == '1' + c ? size : -size;
      }
    }
    return new FloatTensor(new int[] {CLASSES.size(), 1, line.length()}, logits);
  }

  /** As a mask's PNG. */
  static byte[] png(String line) {
    byte[] labels = new byte[line.length()];
    for (int i = 0; i < labels.length; i++) {
      labels[i] = line.charAt(i) == 'x' ? (byte) ClassMask.IGNORE : (byte) (line.charAt(i) - '0');
    }
    return Drawn.png(new ClassMask(line.length(), 1, labels));
  }

  /** A student of both classes. */
  static Segmenter student(Function<RgbImage, FloatTensor> logits) {
    return new Segmenter() {
      @Override
      public List<String> classNames() {
        return CLASSES;
      }

      @Override
      public FloatTensor logits(RgbImage image) {
        return logits.apply(image);
      }

      @Override
      public void close() {}
    };
  }
}
