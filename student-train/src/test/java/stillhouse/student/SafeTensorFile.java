package stillhouse.student;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import stillhouse.identity.Sha256;

/** Writes safetensors files, sound and unsound. */
public final class SafeTensorFile {
  private final List<String> entries = new ArrayList<>();
  private final List<String> metadata = new ArrayList<>();
  private final ByteArrayOutputStream data = new ByteArrayOutputStream();

  public SafeTensorFile floats(String name, String shape, float... values) {
    ByteBuffer bytes = buffer(values.length * Float.BYTES);
    bytes.asFloatBuffer().put(values);
    return bytes(name, "F32", shape, bytes.array());
  }

  SafeTensorFile bytes(String name, String type, String shape, byte... bytes) {
    int begin = data.size();
    data.writeBytes(bytes);
    return entry(name, type, shape, begin, data.size());
  }

  /** What the file says beside its tensors. */
  public SafeTensorFile metadata(String key, String value) {
    metadata.add("\"%s\":\"%s\"".formatted(key, value));
    return this;
  }

  /** An entry alone, whatever it says. */
  SafeTensorFile entry(String name, String type, String shape, long begin, long end) {
    entries.add(
        "\"%s\":{\"dtype\":\"%s\",\"shape\":[%s],\"data_offsets\":[%d,%d]}"
            .formatted(name, type, shape, begin, end));
    return this;
  }

  byte[] toBytes() {
    List<String> all = new ArrayList<>(entries);
    if (!metadata.isEmpty()) {
      all.add("\"__metadata__\":{" + String.join(",", metadata) + "}");
    }
    return toBytes("{" + String.join(",", all) + "}");
  }

  /** With another header. */
  byte[] toBytes(String header) {
    byte[] json = header.getBytes(StandardCharsets.UTF_8);
    return buffer(Long.BYTES + json.length + data.size())
        .putLong(json.length)
        .put(json)
        .put(data.toByteArray())
        .array();
  }

  public Path write(Path file) {
    return write(file, toBytes());
  }

  static Path write(Path file, byte[] bytes) {
    try {
      return Files.write(file, bytes);
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot write " + file, e);
    }
  }

  /** A student like {@code student} that starts from {@code file}. */
  static StudentConfig startingFrom(Path file, StudentConfig student) {
    return new StudentConfig(
        student.name(),
        student.network(),
        student.norm(),
        student.channels(),
        student.depths(),
        student.decoder(),
        student.embedding(),
        student.heads(),
        student.windows(),
        new Pretrained(file.toAbsolutePath().toString(), Sha256.ofFile(file).hex()));
  }

  private static ByteBuffer buffer(int size) {
    return ByteBuffer.allocate(size).order(ByteOrder.LITTLE_ENDIAN);
  }
}
