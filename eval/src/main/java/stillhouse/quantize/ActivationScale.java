package stillhouse.quantize;

import ai.onnx.proto.OnnxMl.TensorProto;

/** x ≈ scale · (q − zero), q of 8 bits. */
record ActivationScale(float scale, int zero, TensorProto.DataType type) {
  private static final int LEVELS = 255;

  /** A range that is nowhere but 0 gets scale 1: one whose reciprocal a runtime can form. */
  static ActivationScale of(ValueRange range, Target target) {
    return switch (target) {
      case TENSORRT, WEIGHTS ->
          new ActivationScale(step(range.peak(), RoundedWeight.MOST), 0, TensorProto.DataType.INT8);
      case CPU -> {
        float step = step(range.max() - range.min(), LEVELS);
        yield new ActivationScale(
            step, (int) Math.rint(-range.min() / step), TensorProto.DataType.UINT8);
      }
    };
  }

  private static float step(float width, int levels) {
    return width == 0 ? 1 : Math.max(width / levels, Float.MIN_NORMAL);
  }
}
