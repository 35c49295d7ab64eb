package stillhouse.identity;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;

/**
 * Builds a digest from named parts, in the order given. Every name and value is preceded by its
 * length in bytes, so no two different lists of parts share a digest by running together.
 */
public final class Fingerprint {
  private final MessageDigest digest = Sha256.digest();

  private Fingerprint(String purpose) {
    put(purpose.getBytes(StandardCharsets.UTF_8));
  }

  /** Starts a fingerprint; {@code purpose} keeps equal parts of different kinds apart. */
  public static Fingerprint of(String purpose) {
    return new Fingerprint(purpose);
  }

  public Fingerprint add(String name, Object value) {
    return add(name, String.valueOf(value).getBytes(StandardCharsets.UTF_8));
  }

  public Fingerprint add(String name, byte[] value) {
    put(name.getBytes(StandardCharsets.UTF_8));
    put(value);
    return this;
  }

  public Sha256 digest() {
    return Sha256.ofDigest(digest.digest());
  }

  private void put(byte[] bytes) {
    digest.update(ByteBuffer.allocate(Integer.BYTES).putInt(bytes.length).array());
    digest.update(bytes);
  }
}
