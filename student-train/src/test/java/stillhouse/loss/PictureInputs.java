package stillhouse.loss;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import stillhouse.scene.Scene;
import stillhouse.structure.StructureMaps;
import stillhouse.structure.StructureTensor;
import stillhouse.tensor.FloatTensor;

/**
 * What a student and a teacher might say of pictures, made as {@code reference/picture_losses.py}
 * makes it: the student sees the picture displaced. All but the structure maps are whole numbers
 * over powers of two, and so the same bits there and here.
 */
final class PictureInputs {
  private static final int CELL = 8; // pixels of a teacher's cell; the student's is half as wide
  private static final int CHANNELS = 4;
  private static final int RADIUS = 7;

  private final Bench bench;
  private final List<Scene> pictures;

  private PictureInputs(Bench bench, List<Scene> pictures) {
    this.bench = bench;
    this.pictures = pictures;
  }

  /** A number at a pixel of a picture. */
  private interface Value {
    double of(Scene picture, int channel, int y, int x);
  }

  static Map<String, NDArray> of(Bench bench, List<Scene> pictures, int classes) {
    var inputs = new PictureInputs(bench, pictures);
    int ignored = pictures.get(0).mask().width() * 7 / 8;
    Map<String, NDArray> in = new LinkedHashMap<>();
    in.put("embedding", inputs.means(CHANNELS, CELL / 2, PictureInputs::student));
    in.put(
        "logits",
        inputs.means(
            classes,
            1,
            (p, k, y, x) -> (seen(p, y, x) == k + 1 ? 3 : -3) + (green(p, y, x) - 128) / 64.0));
    in.put("truth", inputs.means(classes, 1, (p, k, y, x) -> label(p, y, x) == k + 1 ? 1 : 0));
    in.put("valid", inputs.means(1, 1, (p, k, y, x) -> x < ignored ? 1 : 0));
    in.put(
        "teacherLogits",
        inputs.means(
            classes,
            2,
            (p, k, y, x) -> (label(p, y, x) == k + 1 ? 4 : -4) + (128 - green(p, y, x)) / 128.0));
    in.put("teacherEmbedding", inputs.means(CHANNELS, CELL, PictureInputs::teacher));
    in.put("level0", inputs.means(CHANNELS, CELL / 2, PictureInputs::student));
    in.put("level1", inputs.means(CHANNELS, CELL, PictureInputs::student));
    in.put("structure", inputs.structure(in.get("teacherEmbedding")));
    return in;
  }

  private static double teacher(Scene p, int channel, int y, int x) {
    int green = green(p, y, x);
    return switch (channel) {
      case 0 -> green / 64.0 - 2;
      case 1 -> green * green / 16384.0;
      case 2 -> label(p, y, x) > 0 ? 2 : 0;
      default -> x + 1 < p.mask().width() ? Math.abs(green(p, y, x + 1) - green) / 32.0 : 0;
    };
  }

  private static double student(Scene p, int channel, int y, int x) {
    int shown = displaced(p, y, x) ? green(p, y + 2, x - 3) : 0;
    return switch (channel) {
      case 0 -> shown / 64.0 - 2;
      case 1 -> shown * shown / 16384.0;
      case 2 -> seen(p, y, x) > 0 ? 2 : 0;
      default ->
          y + 1 < p.mask().height() ? Math.abs(green(p, y + 1, x) - green(p, y, x)) / 32.0 : 0;
    };
  }

  private static int green(Scene p, int y, int x) {
    return p.image().rgb()[3 * (y * p.image().width() + x) + 1] & 0xff;
  }

  private static int label(Scene p, int y, int x) {
    return p.mask().at(x, y);
  }

  /** The label three pixels left and two down, background where there is none. */
  private static int seen(Scene p, int y, int x) {
    return displaced(p, y, x) ? label(p, y + 2, x - 3) : 0;
  }

  private static boolean displaced(Scene p, int y, int x) {
    return x >= 3 && y + 2 < p.mask().height();
  }

  /** Means over cells of {@code side}×{@code side} pixels, [B, channels, H / side, W / side]. */
  private NDArray means(int channels, int side, Value value) {
    int height = pictures.get(0).mask().height() / side;
    int width = pictures.get(0).mask().width() / side;
    float[] out = new float[pictures.size() * channels * height * width];
    int at = 0;
    for (Scene picture : pictures) {
      for (int i = 0; i < channels * height * width; i++) {
        int y = i / width % height * side;
        int x = i % width * side;
        double sum = 0;
        for (int k = 0; k < side * side; k++) {
          sum += value.of(picture, i / (height * width), y + k / side, x + k % side);
        }
        out[at++] = (float) (sum / (side * side));
      }
    }
    return bench.manager.create(out, new Shape(pictures.size(), channels, height, width));
  }

  /** E, C and D of each teacher's embedding, [B, 3, g, g]. */
  private NDArray structure(NDArray embedding) {
    Shape shape = embedding.getShape();
    int height = (int) shape.get(2);
    int width = (int) shape.get(3);
    float[] out = new float[pictures.size() * 3 * height * width];
    int at = 0;
    for (int b = 0; b < pictures.size(); b++) {
      float[] features = embedding.get(b).toFloatArray();
      var map = new FloatTensor(new int[] {CHANNELS, height, width}, features);
      StructureMaps maps = StructureTensor.maps(map, RADIUS);
      for (FloatTensor part : List.of(maps.e(), maps.c(), maps.d())) {
        System.arraycopy(part.data(), 0, out, at, part.data().length);
        at += part.data().length;
      }
    }
    return bench.manager.create(out, new Shape(pictures.size(), 3, height, width));
  }
}
