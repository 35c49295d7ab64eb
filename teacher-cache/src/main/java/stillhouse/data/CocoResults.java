package stillhouse.data;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Comparator;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.function.FlatMapFunction;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.util.SerializableConfiguration;
import org.apache.spark.util.TaskCompletionListener;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import stillhouse.conf.ConfigException;

/**
 * COCO's results format as rows, in a task: an array of {@code {"image_id", "category_id",
 * "segmentation", "score"}}, read one by one, so that a file of any length is nowhere held whole.
 */
public final class CocoResults implements FlatMapFunction<String, Row> {
  private static final long serialVersionUID = 1L;
  private static final Logger log = LoggerFactory.getLogger(CocoResults.class);

  public static final String IMAGE_ID = "image_id";

  /** Fields of a result beside its image: {@link #paint} reads them. */
  public static final List<String> PART = List.of("ordinal", "category", "score", "text");

  public static final StructType SCHEMA =
      new StructType()
          .add(IMAGE_ID, DataTypes.StringType)
          .add("ordinal", DataTypes.LongType)
          .add("category", DataTypes.IntegerType)
          .add("score", DataTypes.DoubleType)
          .add("text", DataTypes.StringType);

  private final SerializableConfiguration hadoop;

  public CocoResults(Configuration hadoop) {
    this.hadoop = new SerializableConfiguration(hadoop);
  }

  /**
   * @throws ConfigException where the file is no such array, or one of its results lacks a field
   */
  @Override
  public Iterator<Row> call(String uri) {
    Path path = new Path(uri);
    try {
      Results results = new Results(uri, parser(path.getFileSystem(hadoop.value()).open(path)));
      TaskContext task = TaskContext.get();
      if (task != null) { // which may read no further than it likes
        task.addTaskCompletionListener((TaskCompletionListener) ended -> results.close());
      }
      return results;
    } catch (FileNotFoundException e) {
      throw new ConfigException("Cannot read results " + uri + ": there is no such file", e);
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot read " + uri + ": " + e.getMessage(), e);
    }
  }

  private static JsonParser parser(InputStream in) throws IOException {
    try {
      return LabelJson.FACTORY.createParser(in);
    } catch (IOException | RuntimeException e) {
      in.close();
      throw e;
    }
  }

  /**
   * The results of one image as a mask, the better score over the worse; of equal ones the later
   * stands above.
   *
   * @param parts rows of {@link #PART}
   * @throws UnreadableImageException where a segmentation is malformed or of another size, or a
   *     category is no class
   */
  public static ClassMask paint(List<Row> parts, int width, int height, int classes) {
    Painter painter = new Painter(width, height, Layout.Overlap.LAST);
    List<Row> inOrder =
        parts.stream()
            .sorted(
                Comparator.<Row>comparingDouble(p -> p.getAs("score"))
                    .thenComparingLong(p -> p.getAs("ordinal")))
            .toList();
    for (Row part : inOrder) {
      paint(part, painter, classes);
    }
    return painter.mask();
  }

  private static void paint(Row part, Painter painter, int classes) {
    int category = part.getAs("category");
    long ordinal = part.getAs("ordinal");
    if (category < 1 || category > classes) {
      throw new UnreadableImageException(
          "mask-class",
          "result %d: category_id %d is no class (must be 1 to %d, in the data set's order)"
              .formatted(ordinal, category, classes));
    }
    try {
      LabelJson.value(part.<String>getAs("text"), Segmentation::read)
          .forEach(shape -> painter.paint(shape, category));
    } catch (UnreadableImageException e) {
      throw new UnreadableImageException(e.reason(), "result " + ordinal + ": " + e.detail(), e);
    }
  }

  /** Its file is closed at the array's end, at the first thing that is wrong, or with the task. */
  private static final class Results implements Iterator<Row>, AutoCloseable {
    private final String uri;
    private final JsonParser json;
    private long ordinal = -1;
    private boolean ended;
    private Row next;

    Results(String uri, JsonParser json) {
      this.uri = uri;
      this.json = json;
    }

    @Override
    public boolean hasNext() {
      boolean sound = false;
      try {
        while (next == null && !ended) {
          advance();
        }
        sound = true;
        return next != null;
      } catch (JsonProcessingException e) {
        throw new ConfigException("Cannot read results " + uri + ": " + LabelJson.said(e), e);
      } catch (UnreadableImageException e) {
        throw new ConfigException("Cannot read results " + uri + ": " + e.detail(), e);
      } catch (IOException e) {
        throw new UncheckedIOException("Cannot read " + uri + ": " + e.getMessage(), e);
      } finally {
        if (!sound) {
          close();
        }
      }
    }

    @Override
    public void close() {
      ended = true;
      try {
        json.close();
      } catch (IOException e) {
        log.warn("Cannot close {}: {}", uri, e.getMessage());
      }
    }

    @Override
    public Row next() {
      if (!hasNext()) {
        throw new NoSuchElementException("No further result in " + uri);
      }
      Row row = next;
      next = null;
      return row;
    }

    private void advance() throws IOException {
      JsonToken token = json.nextToken();
      if (ordinal < 0) {
        LabelJson.require(json, token, JsonToken.START_ARRAY, "the file");
      } else if (token == JsonToken.END_ARRAY) {
        close();
      } else {
        LabelJson.require(json, token, JsonToken.START_OBJECT, "result " + ordinal);
        next = result();
      }
      ordinal++;
    }

    private Row result() throws IOException {
      String imageId = null;
      Integer category = null;
      double score = 1;
      String text = null;
      while (json.nextToken() != JsonToken.END_OBJECT) {
        String key = json.currentName();
        json.nextToken();
        switch (key) {
          case "image_id" -> imageId = CocoEntry.scalar(json, key, "results", ordinal);
          case "category_id" -> category = LabelJson.integer(json, key);
          case "score" -> score = LabelJson.number(json, key);
          case "segmentation" ->
              text =
                  CocoEntry.copy(json)
                      .orElseThrow(
                          () ->
                              LabelJson.odd(
                                  json,
                                  "a segmentation of more than %d characters"
                                      .formatted(CocoFile.MOST_TEXT)));
          default -> json.skipChildren();
        }
      }
      if (imageId == null || category == null || text == null) {
        throw LabelJson.odd(
            json, "result %d lacks image_id, category_id or segmentation".formatted(ordinal));
      }
      return RowFactory.create(imageId, ordinal, category, score, text);
    }
  }
}
