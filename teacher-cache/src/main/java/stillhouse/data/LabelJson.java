package stillhouse.data;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import java.io.IOException;
import java.io.UncheckedIOException;

/**
 * JSON of labels, read token by token: what is not asked for (a picture inside the file) is passed
 * over, never held. Nested deeper than 64, numbers of more than 100 digits and a key that stands
 * twice in an object are refused.
 */
final class LabelJson {
  /** Longest text that a message quotes. */
  private static final int BRIEF = 60;

  static final JsonFactory FACTORY =
      JsonFactory.builder()
          .streamReadConstraints(
              StreamReadConstraints.builder()
                  .maxNestingDepth(64)
                  .maxNumberLength(100)
                  .maxStringLength(1 << 26)
                  .build())
          .enable(com.fasterxml.jackson.core.StreamReadFeature.STRICT_DUPLICATE_DETECTION)
          .build();

  private LabelJson() {}

  /** Reads one value, its first token the parser's current one. */
  interface Reader<T> {
    T read(JsonParser json) throws IOException;
  }

  /**
   * A whole document that is one object.
   *
   * @param where what it is, for the message
   * @throws UnreadableImageException {@code mask-empty} or {@code mask-json}
   */
  static <T> T object(String where, byte[] bytes, Reader<T> reader) {
    if (bytes.length == 0) {
      throw new UnreadableImageException("mask-empty", where + ": 0 bytes");
    }
    try (JsonParser json = FACTORY.createParser(bytes)) {
      require(json, json.nextToken(), JsonToken.START_OBJECT, "the file");
      T read = reader.read(json);
      if (json.nextToken() != null) {
        throw odd(json, "there is more after the object's end");
      }
      return read;
    } catch (JsonProcessingException e) {
      throw new UnreadableImageException("mask-json", where + ": " + said(e), e);
    } catch (UnreadableImageException e) {
      throw new UnreadableImageException(e.reason(), where + ": " + e.detail(), e);
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot read " + where + " from memory", e);
    }
  }

  /** A value that was kept as text. */
  static <T> T value(String text, Reader<T> reader) {
    try (JsonParser json = FACTORY.createParser(text)) {
      json.nextToken();
      return reader.read(json);
    } catch (JsonProcessingException e) {
      throw new UnreadableImageException("mask-json", said(e), e);
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot read JSON from memory", e);
    }
  }

  static void require(JsonParser json, JsonToken is, JsonToken wanted, String what) {
    if (is != wanted) {
      throw odd(json, what + " is no " + kind(wanted));
    }
  }

  static UnreadableImageException odd(JsonParser json, String what) {
    var at = json.currentTokenLocation();
    return new UnreadableImageException(
        "mask-json", "%s (line %d, column %d)".formatted(what, at.getLineNr(), at.getColumnNr()));
  }

  private static String kind(JsonToken token) {
    return token == JsonToken.START_ARRAY ? "array" : "object";
  }

  /** A number, else refused. */
  static double number(JsonParser json, String what) throws IOException {
    if (!json.currentToken().isNumeric()) {
      throw odd(json, what + " is no number");
    }
    return json.getDoubleValue();
  }

  /** A whole number in an int's range, else refused. */
  static int integer(JsonParser json, String what) throws IOException {
    double value = number(json, what);
    if (value != Math.rint(value) || Math.abs(value) > Integer.MAX_VALUE) {
      throw odd(json, what + " is " + value + " and no whole number in range");
    }
    return (int) value;
  }

  /** What Jackson says, on one line and with the place. */
  static String said(JsonProcessingException e) {
    String message = String.valueOf(e.getOriginalMessage()).replaceAll("\\s+", " ");
    int source = message.indexOf(" at [Source");
    String plain = source < 0 ? message : message.substring(0, source);
    var at = e.getLocation();
    return "no JSON: "
        + plain
        + (at == null ? "" : " (line %d, column %d)".formatted(at.getLineNr(), at.getColumnNr()));
  }

  /** Short, and on one line. */
  static String brief(String text) {
    String plain = text.replaceAll("\\p{Cntrl}", "?");
    return plain.length() <= BRIEF ? plain : plain.substring(0, BRIEF) + "…";
  }
}
