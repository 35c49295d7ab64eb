package stillhouse.data;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.apache.spark.sql.Row;

/** Unites an SA-1B file's masks, or its largest, as class 1. Areas are counted, not believed. */
record Sa1bReader(int largest) implements LabelReader {
  @Override
  public Labels read(Row listed, LabelFrame frame, ListedFiles files) {
    String uri = listed.getAs(SourceListing.MASK_URI);
    byte[] bytes = files.readLabels(uri, listed.<Long>getAs(Samples.MASK_LENGTH));
    return LabelJson.object(uri, bytes, json -> draw(masks(json), frame));
  }

  private Labels draw(List<RunLengths> masks, LabelFrame frame) {
    LabelFrame.Size size =
        masks.isEmpty() ? frame.upright() : masks.get(0).sizeIn(frame); // all have the same
    Painter painter = new Painter(size.width(), size.height(), Layout.Overlap.LAST);
    masks.stream()
        .sorted(Comparator.comparingLong(RunLengths::area).reversed())
        .limit(largest)
        .forEach(mask -> painter.paint(mask, 1));
    return new Labels(painter.mask(), 0);
  }

  private static List<RunLengths> masks(JsonParser json) throws IOException {
    List<RunLengths> masks = null;
    while (json.nextToken() != JsonToken.END_OBJECT) {
      boolean ours = json.currentName().equals("annotations");
      JsonToken token = json.nextToken();
      if (ours) {
        LabelJson.require(json, token, JsonToken.START_ARRAY, "annotations");
        masks = annotations(json);
      } else {
        json.skipChildren();
      }
    }
    if (masks == null) {
      throw LabelJson.odd(json, "no annotations, so no file of SA-1B's");
    }
    return masks;
  }

  private static List<RunLengths> annotations(JsonParser json) throws IOException {
    List<RunLengths> masks = new ArrayList<>();
    JsonToken token;
    while ((token = json.nextToken()) != JsonToken.END_ARRAY) {
      LabelJson.require(json, token, JsonToken.START_OBJECT, "an annotation");
      while (json.nextToken() != JsonToken.END_OBJECT) {
        boolean ours = json.currentName().equals("segmentation");
        token = json.nextToken();
        if (ours) {
          LabelJson.require(json, token, JsonToken.START_OBJECT, "segmentation");
          masks.add(Segmentation.runLengths(json));
        } else {
          json.skipChildren();
        }
      }
    }
    return masks;
  }
}
