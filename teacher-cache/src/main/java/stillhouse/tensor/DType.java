package stillhouse.tensor;

import java.util.Arrays;
import java.util.stream.Collectors;

/** How the elements of a stored tensor are written, little-endian. */
public enum DType {
  FP32("fp32", Float.BYTES),
  FP16("fp16", Short.BYTES),
  /** With a scale and a zero point a channel: {@link Int8}. */
  INT8("int8", Byte.BYTES);

  private final String text;
  private final int bytes;

  DType(String text, int bytes) {
    this.text = text;
    this.bytes = bytes;
  }

  /** The name in a tensor column. */
  public String text() {
    return text;
  }

  /** As a key names it: with the version of a formula that is our own. */
  public String key() {
    return this == INT8 ? text + "/" + Int8.VERSION : text;
  }

  /** The type itself, fp16 in place of int8. */
  public DType floating() {
    return this == INT8 ? FP16 : this;
  }

  /** Bytes an element. */
  public int bytes() {
    return bytes;
  }

  /**
   * @throws IllegalArgumentException where no type has that name
   */
  public static DType of(String text) {
    return Arrays.stream(values())
        .filter(t -> t.text.equals(text))
        .findFirst()
        .orElseThrow(
            () ->
                new IllegalArgumentException(
                    "Invalid tensor type: '"
                        + text
                        + "' (known: "
                        + Arrays.stream(values()).map(DType::text).collect(Collectors.joining(", "))
                        + ")"));
  }
}
