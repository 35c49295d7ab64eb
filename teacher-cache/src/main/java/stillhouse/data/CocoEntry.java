package stillhouse.data;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.io.StringWriter;
import java.util.Optional;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;

/**
 * One object of a COCO file's arrays, its keys in any order, as a row of {@link CocoFile#SCHEMA}.
 */
final class CocoEntry {
  private static final int MOST_NAME = 4096; // a path's limit on Linux

  private final int source;
  private final CocoFile.Kind kind;
  private final long ordinal;
  private String id;
  private String imageId;
  private String categoryId;
  private String name;
  private Integer width;
  private Integer height;
  private boolean crowd;
  private String text;
  private String problem;

  CocoEntry(int source, CocoFile.Kind kind, long ordinal) {
    this.source = source;
    this.kind = kind;
    this.ordinal = ordinal;
  }

  Row read(JsonParser json) throws IOException {
    while (json.nextToken() != JsonToken.END_OBJECT) {
      String key = json.currentName();
      json.nextToken();
      switch (key) {
        case "id" -> id = scalar(json, key);
        case "image_id" -> imageId = scalar(json, key);
        case "category_id" -> categoryId = scalar(json, key);
        case "file_name", "name" -> name(json, key);
        case "width" -> width = size(json, key);
        case "height" -> height = size(json, key);
        case "iscrowd" -> crowd = isTrue(json);
        case "segmentation" -> segmentation(json);
        default -> json.skipChildren();
      }
    }
    return row(json);
  }

  private Row row(JsonParser json) {
    String image = kind == CocoFile.Kind.IMAGE ? id : imageId;
    switch (kind) {
      case IMAGE -> need(json, image != null && name != null, "an id and a file_name");
      case CATEGORY -> need(json, id != null && name != null, "an id and a name");
      default -> need(json, image != null && categoryId != null, "an image_id and a category_id");
    }
    return RowFactory.create(
        source,
        kind.name(),
        ordinal,
        id,
        image,
        categoryId,
        name,
        width,
        height,
        crowd,
        text,
        problem);
  }

  private void need(JsonParser json, boolean has, String what) {
    if (!has) {
      throw LabelJson.odd(json, "%s[%d] has not %s".formatted(kind.section, ordinal, what));
    }
  }

  /** The key that the kind has; an image may have a name beside its file's. */
  private void name(JsonParser json, String key) throws IOException {
    if (key.equals(kind == CocoFile.Kind.IMAGE ? "file_name" : "name")) {
      name = scalar(json, key);
    } else {
      json.skipChildren();
    }
  }

  private String scalar(JsonParser json, String key) throws IOException {
    return scalar(json, key, kind.section, ordinal);
  }

  /** A number or a short text; null where that stands there. */
  static String scalar(JsonParser json, String key, String section, long ordinal)
      throws IOException {
    if (!json.currentToken().isScalarValue() || json.getTextLength() > MOST_NAME) {
      throw LabelJson.odd(
          json,
          "%s of %s[%d] is no number and no text of at most %d characters"
              .formatted(key, section, ordinal, MOST_NAME));
    }
    return json.currentToken() == JsonToken.VALUE_NULL ? null : json.getText();
  }

  private static Integer size(JsonParser json, String key) throws IOException {
    return json.currentToken() == JsonToken.VALUE_NULL ? null : LabelJson.integer(json, key);
  }

  private static boolean isTrue(JsonParser json) throws IOException {
    return json.currentToken().isBoolean()
        ? json.getBooleanValue()
        : LabelJson.integer(json, "iscrowd") != 0;
  }

  private void segmentation(JsonParser json) throws IOException {
    if (kind != CocoFile.Kind.ANNOTATION || json.currentToken() == JsonToken.VALUE_NULL) {
      json.skipChildren();
      return;
    }
    Optional<String> copy = copy(json);
    text = copy.orElse(null);
    problem =
        copy.isPresent()
            ? null
            : "an annotation's segmentation has more than " + CocoFile.MOST_TEXT + " characters";
  }

  /** Token by token, numbers as they are written; empty where it is too long. */
  static Optional<String> copy(JsonParser json) throws IOException {
    var written = new StringWriter();
    int depth = 0;
    boolean fits = true;
    try (JsonGenerator out = LabelJson.FACTORY.createGenerator(written)) {
      out.disable(JsonGenerator.Feature.AUTO_CLOSE_JSON_CONTENT);
      do {
        JsonToken token = json.currentToken();
        depth += token.isStructStart() ? 1 : token.isStructEnd() ? -1 : 0;
        fits = fits && written.getBuffer().length() <= CocoFile.MOST_TEXT;
        if (fits && token.isNumeric()) {
          out.writeNumber(json.getText());
        } else if (fits) {
          out.copyCurrentEvent(json);
        }
      } while (depth > 0 && json.nextToken() != null);
    }
    return fits ? Optional.of(written.toString()) : Optional.empty();
  }
}
