package stillhouse.data;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.apache.spark.sql.Row;

/** Paints a labelme file's shapes in the file's order. Its {@code imagePath} is never opened. */
final class LabelmeReader implements LabelReader {
  private static final long serialVersionUID = 1L;

  private final LabelTable labels;
  private final Layout.Overlap overlap;
  private final Layout.OtherShapes otherShapes;

  LabelmeReader(Labelme layout) {
    this.labels = layout.labels();
    this.overlap = layout.overlap();
    this.otherShapes = layout.otherShapes();
  }

  @Override
  public Labels read(Row listed, LabelFrame frame, ListedFiles files) {
    String uri = listed.getAs(SourceListing.MASK_URI);
    byte[] bytes = files.readLabels(uri, listed.<Long>getAs(Samples.MASK_LENGTH));
    return LabelJson.object(uri, bytes, json -> draw(document(json), frame));
  }

  /** What a file's shapes are called. */
  static List<String> labels(String where, byte[] bytes) {
    return LabelJson.object(
        where, bytes, json -> document(json).shapes().stream().map(Drawn::label).toList());
  }

  /**
   * @param width of the image as the file says, and height; 0 where it doesn't
   */
  private record Document(int width, int height, List<Drawn> shapes) {}

  private record Drawn(String label, String type, double[] points) {}

  private Labels draw(Document document, LabelFrame frame) {
    LabelFrame.Size size =
        frame.sizeOf(
            document.width,
            document.height,
            "shapes are of an image of "
                + ImageCodec.size(document.width, document.height)
                + ", theirs is "
                + frame.upright());
    Painter painter = new Painter(size.width(), size.height(), overlap);
    long skipped = 0;
    for (Drawn drawn : document.shapes) {
      int label = labels.classOf(drawn.label);
      if (label == LabelTable.REFUSED) {
        throw LabelTable.noClass(drawn.label);
      }
      Optional<Shape> shape = shape(drawn);
      if (shape.isEmpty()) {
        skipped++;
      } else if (label != 0) {
        painter.paint(shape.get(), label);
      }
    }
    return new Labels(painter.mask(), skipped);
  }

  /** Empty for one that is skipped. */
  private Optional<Shape> shape(Drawn drawn) {
    double[] p = drawn.points;
    switch (drawn.type) {
      case "polygon" -> {
        requirePoints(drawn, p.length >= 6, "3 or more");
        return Optional.of(new Polygon(p));
      }
      case "rectangle" -> {
        requirePoints(drawn, p.length == 4, "2");
        return Optional.of(
            new Polygon(new double[] {p[0], p[1], p[2], p[1], p[2], p[3], p[0], p[3]}));
      }
      case "circle" -> {
        requirePoints(drawn, p.length == 4, "2");
        return Optional.of(new Disc(p[0], p[1], Math.hypot(p[2] - p[0], p[3] - p[1])));
      }
      default -> {
        if (otherShapes == Layout.OtherShapes.SKIP) {
          return Optional.empty();
        }
        throw new UnreadableImageException(
            "mask-shape",
            "'%s' of type %s has no area (polygon, rectangle, circle have); set otherShapes: skip to leave such shapes out"
                .formatted(LabelJson.brief(drawn.label), LabelJson.brief(drawn.type)));
      }
    }
  }

  private static void requirePoints(Drawn drawn, boolean right, String wanted) {
    if (!right) {
      throw new UnreadableImageException(
          "mask-shape",
          "%s '%s' has %d points (must be %s)"
              .formatted(
                  drawn.type, LabelJson.brief(drawn.label), drawn.points.length / 2, wanted));
    }
  }

  private static Document document(JsonParser json) throws IOException {
    int width = 0;
    int height = 0;
    List<Drawn> shapes = null;
    while (json.nextToken() != JsonToken.END_OBJECT) {
      String key = json.currentName();
      JsonToken token = json.nextToken();
      switch (key) {
        case "imageWidth" -> width = size(json, token, key);
        case "imageHeight" -> height = size(json, token, key);
        case "shapes" -> shapes = shapes(json, token);
        default -> json.skipChildren();
      }
    }
    if (shapes == null) {
      throw LabelJson.odd(json, "no shapes, so no file of labelme's");
    }
    return new Document(width, height, shapes);
  }

  private static int size(JsonParser json, JsonToken token, String key) throws IOException {
    return token == JsonToken.VALUE_NULL ? 0 : LabelJson.integer(json, key);
  }

  private static List<Drawn> shapes(JsonParser json, JsonToken token) throws IOException {
    LabelJson.require(json, token, JsonToken.START_ARRAY, "shapes");
    List<Drawn> shapes = new ArrayList<>();
    while ((token = json.nextToken()) != JsonToken.END_ARRAY) {
      LabelJson.require(json, token, JsonToken.START_OBJECT, "a shape");
      shapes.add(drawn(json));
    }
    return shapes;
  }

  private static Drawn drawn(JsonParser json) throws IOException {
    String label = null;
    String type = "polygon"; // as files of old have no type
    double[] points = new double[0];
    while (json.nextToken() != JsonToken.END_OBJECT) {
      String key = json.currentName();
      JsonToken token = json.nextToken();
      switch (key) {
        case "label" -> label = json.getText();
        case "shape_type" -> type = token == JsonToken.VALUE_NULL ? type : json.getText();
        case "points" -> points = points(json, token);
        default -> json.skipChildren();
      }
    }
    if (label == null) {
      throw LabelJson.odd(json, "a shape has no label");
    }
    return new Drawn(label, type, points);
  }

  private static double[] points(JsonParser json, JsonToken token) throws IOException {
    LabelJson.require(json, token, JsonToken.START_ARRAY, "points");
    Points points = new Points();
    while ((token = json.nextToken()) != JsonToken.END_ARRAY) {
      LabelJson.require(json, token, JsonToken.START_ARRAY, "a point");
      int before = points.count();
      while (json.nextToken() != JsonToken.END_ARRAY) {
        points.add(LabelJson.number(json, "a coordinate"));
      }
      if (points.count() != before + 2) {
        throw LabelJson.odd(json, "a point has " + (points.count() - before) + " numbers, not 2");
      }
    }
    return points.toArray();
  }
}
