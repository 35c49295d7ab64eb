package stillhouse.student;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import stillhouse.tensor.Half;

/**
 * A file of the published safetensors format, read without trusting it: the header's length (eight
 * bytes, little-endian), the header (JSON: a name to its type, shape and place; {@code
 * __metadata__} aside), then the tensors' bytes, which the header must account for without hole or
 * overlap. Nothing is allocated for a header longer than the file or {@link #MAX_HEADER}, nor for a
 * tensor before its place is known to lie in the file.
 */
public final class SafeTensors implements AutoCloseable {
  /** An entry takes about a hundred bytes: this is room for 160,000 tensors. */
  static final int MAX_HEADER = 16 << 20;

  private static final String METADATA = "__metadata__";
  private static final ObjectMapper JSON =
      new ObjectMapper()
          .enable(JsonParser.Feature.STRICT_DUPLICATE_DETECTION)
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS);

  /** The types of the format that published weights use; only those of floats can be read. */
  public enum Type {
    F64(8),
    F32(4),
    F16(2),
    BF16(2),
    I64(8),
    I32(4),
    I16(2),
    I8(1),
    U8(1),
    BOOL(1);

    private final int bytes;

    Type(int bytes) {
      this.bytes = bytes;
    }
  }

  /**
   * A tensor of the file.
   *
   * @param begin its first byte, after the header
   * @param end the byte after its last
   */
  public record Entry(String name, Type type, List<Integer> shape, long begin, long end) {
    public Entry {
      shape = List.copyOf(shape);
    }

    /** How many numbers. */
    public long size() {
      return shape.stream().mapToLong(Integer::longValue).reduce(1, Math::multiplyExact);
    }
  }

  private final Path file;
  private final FileChannel channel;
  private final long start;
  private final Map<String, Entry> entries;
  private final Map<String, String> metadata;

  private SafeTensors(
      Path file,
      FileChannel channel,
      long start,
      Map<String, Entry> entries,
      Map<String, String> metadata) {
    this.file = file;
    this.channel = channel;
    this.start = start;
    this.entries = entries;
    this.metadata = metadata;
  }

  /**
   * Opens a file and reads its header.
   *
   * @throws IOException where the file cannot be read or is not such a file, with what is wrong
   */
  public static SafeTensors open(Path file) throws IOException {
    FileChannel channel = FileChannel.open(file, StandardOpenOption.READ);
    try {
      long start = Long.BYTES + headerLength(file, channel);
      byte[] header = new byte[(int) (start - Long.BYTES)];
      fill(file, channel, ByteBuffer.wrap(header), Long.BYTES);
      JsonNode tree = tree(file, header);
      Map<String, Entry> entries = entries(file, tree);
      requireWhole(file, entries, channel.size() - start);
      return new SafeTensors(file, channel, start, entries, metadata(tree));
    } catch (IOException | RuntimeException e) {
      channel.close();
      throw e;
    }
  }

  /** Its tensors by name, in the header's order. */
  public Map<String, Entry> entries() {
    return Collections.unmodifiableMap(entries);
  }

  /** What the header says beside its tensors, as far as it is text; empty where it says nothing. */
  public Map<String, String> metadata() {
    return Collections.unmodifiableMap(metadata);
  }

  /**
   * The values of a tensor, row-major.
   *
   * @throws IOException where the tensor is not of floats, or the file ends within it
   */
  public float[] read(Entry entry) throws IOException {
    ByteBuffer bytes =
        ByteBuffer.allocate(Math.toIntExact(entry.end() - entry.begin()))
            .order(ByteOrder.LITTLE_ENDIAN);
    fill(file, channel, bytes, start + entry.begin());
    bytes.flip();
    float[] values = new float[Math.toIntExact(entry.size())];
    switch (entry.type()) {
      case F32 -> bytes.asFloatBuffer().get(values);
      case F64 -> each(values, i -> (float) bytes.getDouble(i * Double.BYTES));
      case F16 -> each(values, i -> Half.toFloat(bytes.getShort(i * Short.BYTES)));
      // The upper half of a float.
      case BF16 -> each(values, i -> Float.intBitsToFloat(bytes.getShort(i * Short.BYTES) << 16));
      case I64, I32, I16, I8, U8, BOOL ->
          throw invalid(file, "'" + entry.name() + "' is of " + entry.type() + ", not of floats");
    }
    return values;
  }

  @Override
  public void close() throws IOException {
    channel.close();
  }

  private interface At {
    float value(int index);
  }

  private static void each(float[] values, At at) {
    for (int i = 0; i < values.length; i++) {
      values[i] = at.value(i);
    }
  }

  private static long headerLength(Path file, FileChannel channel) throws IOException {
    ByteBuffer eight = ByteBuffer.allocate(Long.BYTES).order(ByteOrder.LITTLE_ENDIAN);
    fill(file, channel, eight, 0);
    long length = eight.getLong(0);
    long left = channel.size() - Long.BYTES;
    if (length < 2 || length > Math.min(left, MAX_HEADER)) {
      throw invalid(
          file,
          "a header of "
              + Long.toUnsignedString(length)
              + " bytes (must be 2 to "
              + Math.min(left, MAX_HEADER)
              + ")");
    }
    return length;
  }

  private static JsonNode tree(Path file, byte[] header) throws IOException {
    JsonNode tree;
    try {
      tree = JSON.readTree(header);
    } catch (JsonProcessingException e) {
      throw new IOException("Invalid safetensors file " + file + ": its header is no JSON", e);
    }
    if (header[0] != '{' || !tree.isObject()) {
      throw invalid(file, "its header is no JSON object");
    }
    return tree;
  }

  private static Map<String, String> metadata(JsonNode tree) {
    Map<String, String> metadata = new TreeMap<>();
    for (Map.Entry<String, JsonNode> field : tree.path(METADATA).properties()) {
      if (field.getValue().isTextual()) {
        metadata.put(field.getKey(), field.getValue().textValue());
      }
    }
    return metadata;
  }

  private static Map<String, Entry> entries(Path file, JsonNode tree) throws IOException {
    Map<String, Entry> entries = new LinkedHashMap<>();
    for (Map.Entry<String, JsonNode> field : tree.properties()) {
      if (!field.getKey().equals(METADATA)) {
        entries.put(field.getKey(), entry(file, field.getKey(), field.getValue()));
      }
    }
    return entries;
  }

  private static Entry entry(Path file, String name, JsonNode node) throws IOException {
    JsonNode offsets = node.path("data_offsets");
    if (!isCounts(node.path("shape"), Integer.MAX_VALUE)
        || !isCounts(offsets, Long.MAX_VALUE)
        || offsets.size() != 2) {
      throw invalid(file, "'" + name + "' is " + node + " (needs dtype, shape, data_offsets)");
    }
    List<Integer> shape = new ArrayList<>();
    node.path("shape").forEach(side -> shape.add(side.intValue()));
    Entry entry =
        new Entry(
            name, type(file, name, node), shape, offsets.get(0).asLong(), offsets.get(1).asLong());
    requireSize(file, entry);
    return entry;
  }

  private static boolean isCounts(JsonNode list, long most) {
    if (!list.isArray()) {
      return false;
    }
    for (JsonNode count : list) {
      if (!count.canConvertToLong()
          || !count.isIntegralNumber()
          || count.longValue() < 0
          || count.longValue() > most) {
        return false;
      }
    }
    return true;
  }

  private static Type type(Path file, String name, JsonNode node) throws IOException {
    String dtype = node.path("dtype").asText();
    for (Type type : Type.values()) {
      if (type.name().equals(dtype)) {
        return type;
      }
    }
    throw invalid(
        file,
        "'" + name + "' is of type '" + dtype + "' (known are " + List.of(Type.values()) + ")");
  }

  private static void requireSize(Path file, Entry entry) throws IOException {
    long bytes;
    try {
      bytes = Math.multiplyExact(entry.size(), entry.type().bytes);
    } catch (ArithmeticException e) {
      throw invalid(file, "'" + entry.name() + "' of shape " + entry.shape() + " is past any size");
    }
    if (entry.end() - entry.begin() != bytes) {
      throw invalid(
          file,
          "'%s' of shape %s in %s needs %d bytes and has %d to %d"
              .formatted(
                  entry.name(), entry.shape(), entry.type(), bytes, entry.begin(), entry.end()));
    }
  }

  /** Refuses tensors that overlap, leave holes, or end before or after the file does. */
  private static void requireWhole(Path file, Map<String, Entry> entries, long bytes)
      throws IOException {
    List<Entry> placed =
        entries.values().stream()
            .sorted(Comparator.comparingLong(Entry::begin).thenComparingLong(Entry::end))
            .toList();
    long at = 0;
    for (Entry entry : placed) {
      if (entry.begin() != at) {
        throw invalid(
            file, "'" + entry.name() + "' begins at byte " + entry.begin() + ", not at " + at);
      }
      at = entry.end();
    }
    if (at != bytes) {
      throw invalid(file, "its tensors take " + at + " bytes, and it has " + bytes + " for them");
    }
  }

  private static void fill(Path file, FileChannel channel, ByteBuffer bytes, long from)
      throws IOException {
    long at = from;
    while (bytes.hasRemaining()) {
      int read = channel.read(bytes, at);
      if (read < 0) {
        throw new EOFException("Invalid safetensors file " + file + ": it ends at byte " + at);
      }
      at += read;
    }
  }

  private static IOException invalid(Path file, String what) {
    return new IOException("Invalid safetensors file " + file + ": " + what);
  }
}
