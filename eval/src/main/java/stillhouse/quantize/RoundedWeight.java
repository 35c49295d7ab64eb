package stillhouse.quantize;

import ai.onnx.proto.OnnxMl.TensorProto;
import com.google.protobuf.ByteString;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
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
   * @param weight float, raw little-endian data
   * @param axis of its output channels
   */
  static RoundedWeight of(TensorProto weight, int axis) {
    List<Long> dims = weight.getDimsList();
    FloatBuffer floats =
        weight.getRawData().asReadOnlyByteBuffer().order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer();
    long size = dims.stream().mapToLong(d -> d).reduce(1, (a, b) -> a * b);
    if (floats.limit() != size) {
      throw new IllegalArgumentException(
          "Cannot round weight %s of shape %s: it holds %d raw values (must be %d, as raw_data)"
              .formatted(weight.getName(), dims, floats.limit(), size));
    }
    int channels = Math.toIntExact(dims.get(axis));
    int inner =
        (int)
            dims.subList(axis + 1, dims.size()).stream()
                .mapToLong(d -> d)
                .reduce(1, (a, b) -> a * b);
    float[] scales = new float[channels];
    for (int i = 0; i < floats.limit(); i++) {
      int channel = i / inner % channels;
      if (!Float.isFinite(floats.get(i))) {
        throw new IllegalArgumentException(
            "Cannot round weight %s: value %d is %s (must be finite)"
                .formatted(weight.getName(), i, floats.get(i)));
      }
      scales[channel] = Math.max(scales[channel], Math.abs(floats.get(i)));
    }
    for (int c = 0; c < channels; c++) { // a channel of zeros rounds to zeros at any scale
      scales[c] = scales[c] == 0 ? 1 : Math.max(scales[c] / MOST, Float.MIN_NORMAL);
    }
    byte[] values = new byte[floats.limit()];
    for (int i = 0; i < values.length; i++) {
      double quotient = Math.rint(floats.get(i) / scales[i / inner % channels]);
      values[i] = (byte) Math.max(-MOST, Math.min(MOST, quotient));
    }
    return new RoundedWeight(dims, values, scales);
  }

  int channels() {
    return scales.length;
  }

  TensorProto values(String name) {
    return TensorProto.newBuilder()
        .setName(name)
        .setDataType(TensorProto.DataType.INT8.getNumber())
        .addAllDims(dims)
        .setRawData(ByteString.copyFrom(values))
        .build();
  }

  TensorProto scales(String name) {
    ByteBuffer raw =
        ByteBuffer.allocate(scales.length * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
    raw.asFloatBuffer().put(scales);
    return TensorProto.newBuilder()
        .setName(name)
        .setDataType(TensorProto.DataType.FLOAT.getNumber())
        .addDims(scales.length)
        .setRawData(ByteString.copyFrom(raw))
        .build();
  }
}
