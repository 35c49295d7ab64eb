package stillhouse.identity;

import java.io.IOException;
import java.io.InputStream;
import java.io.Serializable;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.regex.Pattern;

/** A SHA-256 digest as 64 lower-case hexadecimal digits, checked where it is made. */
public record Sha256(String hex) implements Serializable {
  private static final Pattern FORM = Pattern.compile("[0-9a-f]{64}");

  public Sha256 {
    if (!FORM.matcher(hex).matches()) {
      throw new IllegalArgumentException(
          "Invalid SHA-256: '" + hex + "' (must be 64 lower-case hexadecimal digits)");
    }
  }

  public static Sha256 of(byte[] bytes) {
    return ofDigest(digest().digest(bytes));
  }

  /** The digest of a file's bytes, read in chunks. */
  public static Sha256 ofFile(Path file) {
    MessageDigest digest = digest();
    byte[] chunk = new byte[1 << 16];
    try (InputStream in = Files.newInputStream(file)) {
      for (int n = in.read(chunk); n >= 0; n = in.read(chunk)) {
        digest.update(chunk, 0, n);
      }
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot read " + file + " for its digest", e);
    }
    return ofDigest(digest.digest());
  }

  /** The first twelve digits: enough for a person, never used as a key. */
  public String brief() {
    return hex.substring(0, 12);
  }

  @Override
  public String toString() {
    return hex;
  }

  static MessageDigest digest() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("Every Java platform has SHA-256", e);
    }
  }

  static Sha256 ofDigest(byte[] digest) {
    return new Sha256(HexFormat.of().formatHex(digest));
  }

  /** A draw from [0, 1): the first 52 bits. */
  public double unit() {
    return Long.parseLong(hex.substring(0, 13), 16) * 0x1p-52;
  }
}
