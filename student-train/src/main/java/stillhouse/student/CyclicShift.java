package stillhouse.student;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.index.NDIndex;
import java.util.List;
import stillhouse.onnx.OnnxAttributes;
import stillhouse.onnx.OnnxGraph;

/**
 * Moves a map [B, C, height, width] up and to the left by half a window, what leaves it coming back
 * at the other side, so that windows cut after it lie across those cut before; and keeps tokens
 * that came from opposite sides from seeing each other. Source: Swin (Liu et al., 2021). Along an
 * axis whose one window holds it all, nothing moves.
 */
record CyclicShift(int height, int width, int down, int right) {
  /** The published score of tokens that do not see each other: e⁻¹⁰⁰ of a share. */
  private static final float UNSEEN = -100;

  static CyclicShift none(int height, int width) {
    return new CyclicShift(height, width, 0, 0);
  }

  static CyclicShift ofHalf(int side, int height, int width) {
    return new CyclicShift(
        height, width, height <= side ? 0 : side / 2, width <= side ? 0 : side / 2);
  }

  boolean moves() {
    return down + right > 0;
  }

  NDArray apply(NDArray x) {
    return rolled(rolled(x, 2, down), 3, right);
  }

  NDArray undo(NDArray x) {
    return rolled(rolled(x, 2, (height - down) % height), 3, (width - right) % width);
  }

  String export(OnnxGraph graph, String x) {
    return exportRolled(graph, exportRolled(graph, x, 2, down), 3, right);
  }

  String exportUndo(OnnxGraph graph, String x) {
    String up = exportRolled(graph, x, 2, (height - down) % height);
    return exportRolled(graph, up, 3, (width - right) % width);
  }

  /**
   * What is added to the scores of each window's tokens: 0 where both are of one side of the seam,
   * {@link #UNSEEN} where not. Padding is of the side that it lies at.
   *
   * @return [windows, L, L]
   */
  float[] mask(Windows windows) {
    int tokens = windows.tokens();
    float[] mask = new float[windows.count() * tokens * tokens];
    int o = 0;
    for (int w = 0; w < windows.count(); w++) {
      for (int a = 0; a < tokens; a++) {
        for (int b = 0; b < tokens; b++) {
          mask[o++] = part(windows, w, a) == part(windows, w, b) ? 0 : UNSEEN;
        }
      }
    }
    return mask;
  }

  private int part(Windows windows, int window, int token) {
    int row = windows.row(window, token);
    int column = windows.column(window, token);
    return 3 * part(row, windows.paddedHeight(), windows.tall(), down)
        + part(column, windows.paddedWidth(), windows.wide(), right);
  }

  /** Before the last window, in it before the seam, after the seam. */
  private static int part(int at, int length, int window, int shift) {
    if (shift == 0 || at < length - window) {
      return 0;
    }
    return at < length - shift ? 1 : 2;
  }

  private static NDArray rolled(NDArray x, int axis, int by) {
    if (by == 0) {
      return x;
    }
    String before = axis == 2 ? ":,:," : ":,:,:,";
    NDArray first = x.get(new NDIndex(before + by + ":"));
    NDArray last = x.get(new NDIndex(before + ":" + by));
    return NDArrays.concat(new NDList(first, last), axis);
  }

  private String exportRolled(OnnxGraph graph, String x, int axis, int by) {
    if (by == 0) {
      return x;
    }
    int length = axis == 2 ? height : width;
    return graph.node(
        "Concat",
        List.of(slice(graph, x, axis, by, length), slice(graph, x, axis, 0, by)),
        OnnxAttributes.integer("axis", axis));
  }

  private static String slice(OnnxGraph graph, String x, int axis, int from, int to) {
    return graph.node(
        "Slice",
        List.of(
            x,
            graph.indices("starts", from),
            graph.indices("ends", to),
            graph.indices("axes", axis)));
  }
}
