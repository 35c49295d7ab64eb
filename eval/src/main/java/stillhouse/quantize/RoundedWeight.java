package stillhouse.quantize;

import ai.onnx.proto.OnnxMl.TensorProto;
import java.util.List;

/** A weight in INT8: q = round(w / s) with s = max |w| / 127 of each output channel. */
final class RoundedWeight {
  static final int MOST = 127; // −128 is left out, so that both signs have one scale

  private final List<Long> dims;
  private final byte[] values;
  private final float[] scales;

  private RoundedWeight(List<Long> dims, byte[] values, float[] scales) {
    this.dims = dims;
    this.values = values;
    this.scales = scales;
  }

  /**
   * @param axis of its output channels
   */
  static RoundedWeight of(TensorProto weight, int axis) {
    return of(weight, axis, new float[Math.toIntExact(weight.getDims(axis))]);
  }

  /**
   * @param least that each channel's scale must be
   */
  static RoundedWeight of(TensorProto weight, int axis, float[] least) {
    List<Long> dims = weight.getDimsList();
    float[] floats = FloatValues.of(weight);
    int channels = least.length;
    int inner =
        (int)
            dims.subList(axis + 1, dims.size()).stream()
                .mapToLong(d -> d)
                .reduce(1, (a, b) -> a * b);
    float[] scales = new float[channels];
    for (int i = 0; i < floats.length; i++) {
      int channel = i / inner % channels;
      scales[channel] = Math.max(scales[channel], Math.abs(floats[i]));
    }
    for (int c = 0; c < channels; c++) { // a channel of zeros rounds to zeros at any scale
      float scale = Math.max(scales[c] / MOST, least[c]);
      scales[c] = scale == 0 ? 1 : Math.max(scale, Float.MIN_NORMAL);
    }
    byte[] values = new byte[floats.length];
    for (int i = 0; i < values.length; i++) {
      double quotient = Math.rint(floats[i] / scales[i / inner % channels]);
      values[i] = (byte) Math.max(-MOST, Math.min(MOST, quotient));
    }
    return new RoundedWeight(dims, values, scales);
  }

  int channels() {
    return scales.length;
  }

  float scale(int channel) {
    return scales[channel];
  }

  TensorProto values(String name) {
    return Constants.raw(name, TensorProto.DataType.INT8, dims, values);
  }

  TensorProto scales(String name) {
    return Constants.floats(name, List.of((long) scales.length), scales);
  }
}
