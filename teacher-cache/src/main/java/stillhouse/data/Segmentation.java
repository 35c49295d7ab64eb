package stillhouse.data;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * COCO's {@code segmentation}: rings {@code [[x, y, …], …]}, or run lengths {@code {"size":
 * [height, width], "counts": …}}, as numbers or as a string.
 */
final class Segmentation {
  private static final int LEAST = 6; // three points

  private Segmentation() {}

  /**
   * The shapes whose union it is.
   *
   * @return empty where it has none: {@code []} or null, as boxes alone have
   */
  static List<Shape> read(JsonParser json) throws IOException {
    return switch (json.currentToken()) {
      case START_ARRAY -> rings(json);
      case START_OBJECT -> List.of(runLengths(json));
      case VALUE_NULL -> List.of();
      default -> throw LabelJson.odd(json, "segmentation is neither polygons nor run lengths");
    };
  }

  private static List<Shape> rings(JsonParser json) throws IOException {
    List<Shape> rings = new ArrayList<>();
    while (json.nextToken() != JsonToken.END_ARRAY) {
      LabelJson.require(json, json.currentToken(), JsonToken.START_ARRAY, "a polygon");
      Points points = new Points();
      while (json.nextToken() != JsonToken.END_ARRAY) {
        points.add(LabelJson.number(json, "a polygon's coordinate"));
      }
      if (points.count() < LEAST || points.count() % 2 != 0) {
        throw new UnreadableImageException(
            "mask-shape", "a polygon has " + points.count() + " numbers (must be even, 6 or more)");
      }
      rings.add(new CocoPolygon(points.toArray()));
    }
    return rings;
  }

  static RunLengths runLengths(JsonParser json) throws IOException {
    int[] size = null;
    String text = null;
    long[] counts = null;
    while (json.nextToken() != JsonToken.END_OBJECT) {
      String key = json.currentName();
      JsonToken token = json.nextToken();
      switch (key) {
        case "size" -> size = size(json);
        case "counts" -> {
          if (token == JsonToken.VALUE_STRING) {
            text = json.getText();
          } else {
            counts = counts(json);
          }
        }
        default -> json.skipChildren();
      }
    }
    if (size == null || (text == null && counts == null)) {
      throw LabelJson.odd(json, "run lengths without size or counts");
    }
    return text != null
        ? RunLengths.ofCompressed(size[1], size[0], text)
        : RunLengths.of(size[1], size[0], counts, counts.length);
  }

  /** Height, width. */
  private static int[] size(JsonParser json) throws IOException {
    long[] size = counts(json);
    if (size.length != 2
        || size[0] < 1
        || size[1] < 1
        || size[0] > Container.MAX_FRAME_PIXELS
        || size[1] > Container.MAX_FRAME_PIXELS / size[0]) {
      throw new UnreadableImageException(
          "mask-rle",
          "run lengths are of a mask of size "
              + Arrays.toString(Arrays.copyOf(size, Math.min(4, size.length)))
              + " (must be height and width, "
              + Container.MAX_FRAME_PIXELS
              + " pixels at most)");
    }
    return new int[] {(int) size[0], (int) size[1]};
  }

  private static long[] counts(JsonParser json) throws IOException {
    LabelJson.require(json, json.currentToken(), JsonToken.START_ARRAY, "counts or size");
    long[] counts = new long[64];
    int n = 0;
    while (json.nextToken() != JsonToken.END_ARRAY) {
      if (n == Points.MOST) {
        throw new UnreadableImageException("mask-rle", "more than " + Points.MOST + " runs");
      }
      if (n == counts.length) {
        counts = Arrays.copyOf(counts, 2 * n);
      }
      counts[n++] = LabelJson.integer(json, "a run's length");
    }
    return Arrays.copyOf(counts, n);
  }
}
