package stillhouse.data;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.io.Serializable;
import java.io.UncheckedIOException;
import java.util.EnumSet;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Optional;
import java.util.Set;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.apache.spark.api.java.function.FlatMapFunction;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.util.SerializableConfiguration;

/**
 * A COCO file as rows, in a task: one of each image, annotation and category, as they come, so that
 * a file of any length is nowhere held whole. A file that can't be read to its end gives a row that
 * says why, as its last.
 */
final class CocoFile implements FlatMapFunction<CocoFile.Place, Row> {
  private static final long serialVersionUID = 1L;

  static final String SOURCE = FolderListing.SOURCE;

  /** A {@link Kind}. */
  static final String KIND = "kind";

  /** The number of the entry in its array. */
  static final String ORDINAL = LabelParts.ORDINAL;

  static final String ID = "id";

  /** An annotation's; of an image its own id, so that the two meet. */
  static final String IMAGE_ID = "image_id";

  static final String CATEGORY_ID = "category_id";

  /** An image's {@code file_name}, a category's name. */
  static final String NAME = "entry_name";

  static final String WIDTH = LabelParts.WIDTH;
  static final String HEIGHT = LabelParts.HEIGHT;
  static final String CROWD = LabelParts.CROWD;

  /** An annotation's segmentation; null where it has none. */
  static final String TEXT = LabelParts.TEXT;

  /** Why the file, or an annotation's segmentation, can't be read. */
  static final String PROBLEM = LabelParts.PROBLEM;

  static final StructType SCHEMA =
      new StructType()
          .add(SOURCE, DataTypes.IntegerType)
          .add(KIND, DataTypes.StringType)
          .add(ORDINAL, DataTypes.LongType)
          .add(ID, DataTypes.StringType)
          .add(IMAGE_ID, DataTypes.StringType)
          .add(CATEGORY_ID, DataTypes.StringType)
          .add(NAME, DataTypes.StringType)
          .add(WIDTH, DataTypes.IntegerType)
          .add(HEIGHT, DataTypes.IntegerType)
          .add(CROWD, DataTypes.BooleanType)
          .add(TEXT, DataTypes.StringType)
          .add(PROBLEM, DataTypes.StringType);

  /** Characters of one segmentation: a polygon of a million points. */
  static final int MOST_TEXT = 1 << 24;

  private static final int MOST_CATEGORIES = 1 << 16; // every executor holds them all

  /** A source's file. */
  record Place(int source, String uri) implements Serializable {}

  enum Kind {
    IMAGE("images"),
    ANNOTATION("annotations"),
    CATEGORY("categories"),
    FAILED("");

    final String section;

    Kind(String section) {
      this.section = section;
    }

    static Optional<Kind> of(String section) {
      for (Kind kind : values()) {
        if (kind.section.equals(section) && kind != FAILED) {
          return Optional.of(kind);
        }
      }
      return Optional.empty();
    }
  }

  private final SerializableConfiguration hadoop;

  CocoFile(Configuration hadoop) {
    this.hadoop = new SerializableConfiguration(hadoop);
  }

  @Override
  public Iterator<Row> call(Place place) {
    Path path = new Path(place.uri());
    try {
      InputStream in = path.getFileSystem(hadoop.value()).open(path);
      return new Entries(place, LabelJson.FACTORY.createParser(in));
    } catch (FileNotFoundException e) {
      return List.of(Entries.failed(place, "there is no such file")).iterator();
    } catch (IOException e) {
      throw cannotRead(place, e);
    }
  }

  private static UncheckedIOException cannotRead(Place place, IOException e) {
    return new UncheckedIOException("Cannot read " + place.uri() + ": " + e.getMessage(), e);
  }

  private static final class Entries implements Iterator<Row> {
    private final Place place;
    private final JsonParser json;
    private final Set<Kind> seen = EnumSet.noneOf(Kind.class);
    private Kind section; // null between the arrays
    private long ordinal;
    private boolean begun;
    private boolean ended;
    private Row next;

    Entries(Place place, JsonParser json) {
      this.place = place;
      this.json = json;
    }

    @Override
    public boolean hasNext() {
      try {
        while (next == null && !ended) {
          advance();
        }
      } catch (JsonProcessingException e) {
        end(failed(place, LabelJson.said(e)));
      } catch (UnreadableImageException e) {
        end(failed(place, e.detail()));
      } catch (IOException e) {
        throw cannotRead(place, e);
      }
      return next != null;
    }

    @Override
    public Row next() {
      if (!hasNext()) {
        throw new NoSuchElementException("No further entry in " + place.uri());
      }
      Row row = next;
      next = null;
      return row;
    }

    private void end(Row last) {
      next = last;
      ended = true;
      try {
        json.close();
      } catch (IOException e) {
        throw cannotRead(place, e);
      }
    }

    private void advance() throws IOException {
      if (!begun) {
        begun = true;
        begin();
      } else if (section == null) {
        key();
      } else if (json.nextToken() == JsonToken.END_ARRAY) {
        section = null;
      } else {
        LabelJson.require(
            json, json.currentToken(), JsonToken.START_OBJECT, "an entry of " + section.section);
        if (section == Kind.CATEGORY && ordinal == MOST_CATEGORIES) {
          throw LabelJson.odd(json, "it has more than " + MOST_CATEGORIES + " categories");
        }
        next = new CocoEntry(place.source(), section, ordinal++).read(json);
      }
    }

    private void begin() throws IOException {
      JsonToken first = json.nextToken();
      if (first == null) {
        throw LabelJson.odd(json, "it is empty");
      }
      LabelJson.require(json, first, JsonToken.START_OBJECT, "the file");
    }

    private void key() throws IOException {
      if (json.nextToken() == JsonToken.END_OBJECT) {
        if (json.nextToken() != null) {
          throw LabelJson.odd(json, "there is more after the object's end");
        }
        if (seen.size() < Kind.values().length - 1) {
          throw LabelJson.odd(json, "it has no images, no annotations or no categories");
        }
        end(null);
        return;
      }
      Optional<Kind> kind = Kind.of(json.currentName());
      JsonToken value = json.nextToken();
      if (kind.isEmpty()) {
        json.skipChildren();
        return;
      }
      LabelJson.require(json, value, JsonToken.START_ARRAY, kind.get().section);
      section = kind.get();
      seen.add(section);
      ordinal = 0;
    }

    static Row failed(Place place, String problem) {
      return RowFactory.create(
          place.source(),
          Kind.FAILED.name(),
          0L,
          null,
          null,
          null,
          null,
          null,
          null,
          null,
          null,
          problem);
    }
  }
}
