package stillhouse.identity;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FingerprintTest {
  @Property
  void partsThatRunTogetherDiffer(@ForAll String a, @ForAll String b) {
    var split = Fingerprint.of("p").add(a, b).digest();
    var joined = Fingerprint.of("p").add(a + b, "").digest();
    assertThat(split.equals(joined)).isEqualTo(b.isEmpty());
  }

  @Test
  void fileAndBytesHaveTheSameDigest(@TempDir Path folder) throws Exception {
    byte[] bytes = "abc".getBytes(StandardCharsets.UTF_8);
    // The digest of "abc" as FIPS 180-2, appendix B.1 gives it.
    String published = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    assertThat(Sha256.of(bytes).hex()).isEqualTo(published);
    assertThat(Sha256.ofFile(Files.write(folder.resolve("f"), bytes)).hex()).isEqualTo(published);
  }

  @Test
  void refusesWhatIsNoDigest() {
    assertThatThrownBy(() -> new Sha256("ABC"))
        .hasMessageContaining("'ABC'")
        .hasMessageContaining("64");
  }
}
