package stillhouse.student;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import stillhouse.onnx.OnnxGraph;

/** What a head adds to the score of two tokens of a window, by how one lies to the other. */
final class AttentionBias {
  /** What counts as lying alike. */
  enum Kind {
    /** |Δy| and |Δx|, of windows of side s: s² biases. TinyViT's. */
    DISTANCES {
      @Override
      int count(int side) {
        return side * side;
      }

      @Override
      int index(int side, int dy, int dx) {
        return Math.abs(dy) * side + Math.abs(dx);
      }
    },
    /** Δy and Δx, query less key: (2s − 1)² biases. Swin's. */
    OFFSETS {
      @Override
      int count(int side) {
        return (2 * side - 1) * (2 * side - 1);
      }

      @Override
      int index(int side, int dy, int dx) {
        return (dy + side - 1) * (2 * side - 1) + dx + side - 1;
      }
    };

    abstract int count(int side);

    abstract int index(int side, int dy, int dx);
  }

  private final String name;
  private final int heads;
  private final int tokens;
  private final NDArray table;
  private final NDArray places;

  /**
   * @param side of the windows as configured; windows that are cut to a small map use a part
   */
  AttentionBias(Weights weights, String name, Kind kind, int heads, int side, Windows windows) {
    this.name = name;
    this.heads = heads;
    tokens = windows.tokens();
    table = weights.constant(name, 0, heads, kind.count(side));
    places =
        weights
            .manager()
            .create(places(kind, side, windows.wide()), new Shape(heads, (long) tokens * tokens));
  }

  /** [heads, L, L], in the manager of {@code x}. */
  NDArray of(NDArray x) {
    return Scope.to(x, table.gather(places, 1)).reshape(heads, tokens, tokens);
  }

  String export(OnnxGraph graph) {
    float[] values = table.toFloatArray();
    int kinds = values.length / heads;
    long[] index = places.toLongArray();
    float[] bias = new float[index.length];
    int perHead = tokens * tokens;
    for (int i = 0; i < bias.length; i++) {
      bias[i] = values[i / perHead * kinds + (int) index[i]];
    }
    return graph.tensor(name, bias, heads, tokens, tokens);
  }

  /** For each head and pair of tokens, the bias's place in the table. */
  private long[] places(Kind kind, int side, int wide) {
    long[] index = new long[heads * tokens * tokens];
    int o = 0;
    for (int h = 0; h < heads; h++) {
      for (int a = 0; a < tokens; a++) {
        for (int b = 0; b < tokens; b++) {
          index[o++] = kind.index(side, a / wide - b / wide, a % wide - b % wide);
        }
      }
    }
    return index;
  }
}
