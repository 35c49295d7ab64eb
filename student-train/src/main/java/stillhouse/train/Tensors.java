package stillhouse.train;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.index.NDIndex;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeSet;
import stillhouse.student.HostValues;

/**
 * Named float32 tensors as a stream in the safetensors layout: the header's length as a
 * little-endian 64-bit integer, the header in JSON, then the tensors' values one after another,
 * little-endian.
 */
final class Tensors {
  private static final ObjectMapper JSON = new ObjectMapper();

  private Tensors() {}

  static void write(OutputStream out, Map<String, NDArray> tensors) throws IOException {
    write(out, tensors, Map.of());
  }

  /**
   * @param metadata what the file says beside its tensors
   */
  static void write(OutputStream out, Map<String, NDArray> tensors, Map<String, String> metadata)
      throws IOException {
    ObjectNode header = JSON.createObjectNode();
    if (!metadata.isEmpty()) {
      ObjectNode said = header.putObject("__metadata__");
      metadata.forEach(said::put);
    }
    write(out, tensors, JSON.writeValueAsBytes(header.setAll(header(tensors))));
  }

  private static void write(OutputStream out, Map<String, NDArray> tensors, byte[] header)
      throws IOException {
    out.write(ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putLong(header.length).array());
    out.write(header);
    for (NDArray tensor : tensors.values()) {
      out.write(bytes(tensor));
    }
  }

  /**
   * Fills tensors from a stream that holds exactly their names and shapes.
   *
   * @param source what the stream is, for messages
   */
  static void read(DataInputStream in, Map<String, NDArray> tensors, String source)
      throws IOException {
    long length = Long.reverseBytes(in.readLong());
    if (length < 2 || length > 1 << 26) { // 64 MiB of names would be a million tensors
      throw new IOException("Invalid tensor header of " + length + " bytes in " + source);
    }
    JsonNode header = JSON.readTree(in.readNBytes((int) length));
    Map<String, JsonNode> entries = new LinkedHashMap<>();
    header.fields().forEachRemaining(e -> entries.put(e.getKey(), e.getValue()));
    requireSameNames(entries, tensors, source);
    for (Map.Entry<String, JsonNode> e : entries.entrySet()) {
      NDArray tensor = tensors.get(e.getKey());
      long[] shape = JSON.convertValue(e.getValue().get("shape"), long[].class);
      if (!Arrays.equals(shape, tensor.getShape().getShape())) {
        throw new TrainingException(
            String.format(
                "Cannot use %s: its '%s' has shape %s, this student's has %s",
                source, e.getKey(), Arrays.toString(shape), tensor.getShape()));
      }
      fill(tensor, floats(in, Math.toIntExact(tensor.getShape().size())));
    }
  }

  /** The values, little-endian. */
  static byte[] bytes(NDArray tensor) {
    float[] values = HostValues.of(tensor);
    ByteBuffer bytes =
        ByteBuffer.allocate(Math.multiplyExact(values.length, Float.BYTES))
            .order(ByteOrder.LITTLE_ENDIAN);
    bytes.asFloatBuffer().put(values);
    return bytes.array();
  }

  /** Replaces the values in place, so that who holds the tensor sees them. */
  static void fill(NDArray tensor, float[] values) {
    try (NDArray source = tensor.getManager().create(values, tensor.getShape())) {
      Recording.pausedFor(() -> tensor.set(new NDIndex("..."), source));
    }
  }

  private static ObjectNode header(Map<String, NDArray> tensors) {
    ObjectNode header = JSON.createObjectNode();
    long offset = 0;
    for (Map.Entry<String, NDArray> e : tensors.entrySet()) {
      long end = offset + e.getValue().getShape().size() * Float.BYTES;
      ObjectNode entry = header.putObject(e.getKey()).put("dtype", "F32");
      for (long side : e.getValue().getShape().getShape()) {
        entry.withArray("shape").add(side);
      }
      entry.putArray("data_offsets").add(offset).add(end);
      offset = end;
    }
    return header;
  }

  private static float[] floats(DataInputStream in, int count) throws IOException {
    byte[] bytes = new byte[Math.multiplyExact(count, Float.BYTES)];
    in.readFully(bytes);
    float[] values = new float[count];
    ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer().get(values);
    return values;
  }

  private static void requireSameNames(
      Map<String, JsonNode> there, Map<String, NDArray> here, String source) {
    if (!there.keySet().equals(here.keySet())) {
      var missing = new TreeSet<>(here.keySet());
      missing.removeAll(there.keySet());
      var unknown = new TreeSet<>(there.keySet());
      unknown.removeAll(here.keySet());
      throw new TrainingException(
          String.format(
              "Cannot use %s: it is of another student or objective (it lacks %s and has %s besides)",
              source, missing, unknown));
    }
  }
}
