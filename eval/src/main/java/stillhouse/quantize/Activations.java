package stillhouse.quantize;

import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OnnxValue;
import com.google.protobuf.InvalidProtocolBufferException;
import java.io.Serializable;
import java.util.Iterator;
import java.util.Map;
import java.util.TreeMap;

/**
 * What the values of a network were on some images: a histogram each, never the values themselves.
 * Parts that were measured apart add up to what the whole is, to the bit.
 */
public final class Activations implements Serializable {
  private static final long serialVersionUID = 1L;

  private final TreeMap<String, Magnitudes> values = new TreeMap<>();
  private long images;

  /** Nothing measured yet: enough for files whose weights alone are rounded. */
  public static Activations none() {
    return new Activations();
  }

  /**
   * Runs the network over images, one at a time, and counts the values that an INT8 file may round.
   *
   * @param model an ONNX file of one image input [N, 3, H, W]
   * @param images RGB in 0…1, each [3, H, W]
   * @throws IllegalArgumentException where a value is not finite, naming it, or nothing in the
   *     network can be quantised
   */
  public static Activations of(byte[] model, Iterator<float[]> images) {
    ModelProto parsed = parse(model);
    QdqModel.requireProducts(parsed);
    Activations measured = new Activations();
    if (!images.hasNext()) {
      return measured;
    }
    try (Probe probe = Probe.of(parsed, new Placement(parsed.getGraph()).candidates())) {
      while (images.hasNext()) {
        probe.run(images.next(), (name, value) -> measured.count(parsed, name, value));
        measured.images++;
      }
    }
    return measured;
  }

  static ModelProto parse(byte[] model) {
    try {
      return ModelProto.parseFrom(model);
    } catch (InvalidProtocolBufferException e) {
      throw new IllegalArgumentException(
          "Cannot quantise a file of %d bytes: it is no ONNX model (%s)"
              .formatted(model.length, e.getMessage()),
          e);
    }
  }

  private void count(ModelProto model, String name, OnnxValue value) {
    if (!values
        .computeIfAbsent(name, n -> new Magnitudes())
        .add(Probe.floats((OnnxTensor) value))) {
      throw new IllegalArgumentException(
          "Cannot measure activation %s of '%s': it is not finite on calibration image %d"
              .formatted(name, model.getGraph().getName(), images + 1));
    }
  }

  /** Adds what was measured on other images. */
  public Activations merge(Activations other) {
    other.values.forEach(
        (name, magnitudes) ->
            values.computeIfAbsent(name, n -> new Magnitudes()).merge(magnitudes));
    images += other.images;
    return this;
  }

  /** How many it was measured on. */
  public long images() {
    return images;
  }

  ValueRange range(String value, Calibration calibration) {
    return calibration.range(values.get(value));
  }

  Map<String, Magnitudes> values() {
    return values;
  }
}
