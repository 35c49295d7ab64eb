package stillhouse.student;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SafeTensorsTest {
  @TempDir Path folder;

  @Test
  void readsFloatsOfFourTypes() throws IOException {
    SafeTensorFile file =
        new SafeTensorFile()
            .floats("single", "2,1", 1.5f, -2)
            .bytes("half", "F16", "2", (byte) 0, (byte) 0x3e, (byte) 0, (byte) 0xc0) // 1.5, −2
            .bytes("brain", "BF16", "2", (byte) 0xc0, (byte) 0x3f, (byte) 0, (byte) 0xc0)
            .bytes("double", "F64", "1", doubles(0.1));
    try (SafeTensors tensors = SafeTensors.open(file.write(folder.resolve("a.safetensors")))) {
      assertThat(tensors.entries().keySet()).containsExactly("single", "half", "brain", "double");
      assertThat(tensors.entries().get("single").shape()).isEqualTo(List.of(2, 1));
      for (String name : List.of("single", "half", "brain")) {
        assertThat(read(tensors, name)).as(name).containsExactly(1.5f, -2);
      }
      assertThat(read(tensors, "double")).containsExactly(0.1f);
    }
  }

  @Test
  void aScalarHasNoSidesAndMetadataIsNoTensor() throws IOException {
    String header =
        """
        {"__metadata__":{"format":"pt"},"s":{"dtype":"F32","shape":[],"data_offsets":[0,4]}}  \
        """;
    byte[] bytes = new SafeTensorFile().floats("s", "", 3).toBytes(header);
    try (SafeTensors tensors = open(bytes)) {
      assertThat(tensors.entries().keySet()).containsExactly("s");
      assertThat(read(tensors, "s")).containsExactly(3);
    }
  }

  @Test
  void countersAreListedAndCannotBeReadAsFloats() throws IOException {
    try (SafeTensors tensors =
        open(new SafeTensorFile().bytes("n", "I64", "", new byte[8]).toBytes())) {
      assertThatThrownBy(() -> read(tensors, "n"))
          .isInstanceOf(IOException.class)
          .hasMessageEndingWith("'n' is of I64, not of floats");
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "F32 | 2   | 0 | 4 | 4 | 'a' of shape [2] in F32 needs 8 bytes and has 0 to 4",
        "F32 | 1   | 4 | 8 | 8 | 'a' begins at byte 4, not at 0",
        "F32 | 1   | 0 | 4 | 8 | its tensors take 4 bytes, and it has 8 for them",
        "F32 | 2   | 0 | 8 | 4 | its tensors take 8 bytes, and it has 4 for them",
        "F8  | 1   | 0 | 1 | 1 | 'a' is of type 'F8' (known are [F64, F32,",
        "F32 | -1  | 0 | 4 | 4 | (needs dtype, shape, data_offsets)",
        "F32 | 1.5 | 0 | 4 | 4 | (needs dtype, shape, data_offsets)",
        "F32 | 1   | 4 | 0 | 4 | 'a' of shape [1] in F32 needs 4 bytes and has 4 to 0",
        "F32 | 2147483647,2147483647,2147483647 | 0 | 4 | 4 | is past any size",
      })
  void refusesATensorThatIsNotWhereItSays(
      String type, String shape, long begin, long end, int bytes, String message) {
    SafeTensorFile file = new SafeTensorFile().bytes("x", "U8", "", new byte[bytes]);
    String entry =
        "{\"a\":{\"dtype\":\"%s\",\"shape\":[%s],\"data_offsets\":[%d,%d]}}"
            .formatted(type, shape, begin, end);
    assertThatThrownBy(() -> open(file.toBytes(entry)))
        .isInstanceOf(IOException.class)
        .hasMessageStartingWith("Invalid safetensors file " + folder)
        .hasMessageContaining(message);
  }

  @Test
  void refusesTensorsThatShareBytes() {
    SafeTensorFile file = new SafeTensorFile().floats("a", "2", 1, 2).entry("b", "F32", "1", 4, 8);
    assertThatThrownBy(() -> open(file.toBytes()))
        .hasMessageEndingWith("'b' begins at byte 4, not at 8");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "[]         | its header is no JSON object",
        "' {}'      | its header is no JSON object",
        "{\"a\":    | its header is no JSON",
        "{} {}      | its header is no JSON",
        "{\"a\":1}  | 'a' is 1 (needs dtype, shape, data_offsets)",
        "{\"__metadata__\":{},\"__metadata__\":{}} | its header is no JSON",
      })
  void refusesAHeaderThatIsNone(String header, String message) {
    assertThatThrownBy(() -> open(new SafeTensorFile().toBytes(header)))
        .isInstanceOf(IOException.class)
        .hasMessageContaining(message);
  }

  @Test
  void allocatesNothingForALengthBeyondTheFile() {
    for (long length : new long[] {-1, 0, 1, 17, Long.MAX_VALUE}) {
      byte[] bytes = ByteBuffer.allocate(24).order(ByteOrder.LITTLE_ENDIAN).putLong(length).array();
      assertThatThrownBy(() -> open(bytes))
          .isInstanceOf(IOException.class)
          .hasMessageEndingWith(
              "a header of " + Long.toUnsignedString(length) + " bytes (must be 2 to 16)");
    }
    assertThatThrownBy(() -> open(new byte[3])).hasMessageEndingWith("it ends at byte 3");
  }

  @Test
  void whateverByteIsWrongOrMissingItSaysSoOrReadsFloats() throws IOException {
    byte[] whole =
        new SafeTensorFile().floats("a.b", "2,3", new float[6]).floats("c", "1", 1).toBytes();
    Random random = new Random(8);
    for (int i = 0; i < 400; i++) {
      byte[] damaged = Arrays.copyOf(whole, whole.length - random.nextInt(2) * random.nextInt(30));
      damaged[random.nextInt(Math.min(damaged.length, 140))] = (byte) random.nextInt(256);
      try (SafeTensors tensors = open(damaged)) {
        for (SafeTensors.Entry entry : tensors.entries().values()) {
          assertThat(tensors.read(entry)).hasSize((int) entry.size());
        }
      } catch (IOException e) {
        assertThat(e).hasMessageContaining("Invalid safetensors file");
      }
    }
  }

  private SafeTensors open(byte[] bytes) throws IOException {
    return SafeTensors.open(Files.write(folder.resolve("x.safetensors"), bytes));
  }

  private static float[] read(SafeTensors tensors, String name) throws IOException {
    return tensors.read(tensors.entries().get(name));
  }

  private static byte[] doubles(double value) {
    return ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putDouble(value).array();
  }
}
