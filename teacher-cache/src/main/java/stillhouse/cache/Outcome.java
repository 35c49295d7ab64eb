package stillhouse.cache;

import java.io.Serializable;
import java.util.Iterator;
import java.util.List;
import java.util.Objects;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import stillhouse.data.Tile;
import stillhouse.data.View;

/** What came of a planned row: a row of the table, or which images have none and why. */
sealed interface Outcome {
  /** The reason of an image for which the teacher gave a value that no table can hold. */
  String UNSTORABLE = "value out of range";

  /** The reason of an image on which the teacher fails, asked about it alone. */
  String REFUSED = "teacher failed";

  /** The reason of an image that could not be read. */
  String UNREADABLE = "image unreadable";

  /**
   * @param row the table's columns, in its order
   */
  record Stored(Row row) implements Outcome {}

  /**
   * @param uris the images, at least one
   * @param key that it would have been cached under
   */
  record Failed(List<String> uris, String reason, String detail, String key)
      implements Outcome, Serializable {
    boolean byTeacher() {
      return reason.equals(UNSTORABLE) || reason.equals(REFUSED);
    }
  }

  /** Planned rows to what comes of them, a task's share at a time. */
  interface Work extends Serializable {
    Iterator<Outcome> call(Iterator<Row> planned);
  }

  static Outcome stored(Object... values) {
    return new Stored(RowFactory.create(values));
  }

  /**
   * @param planned what could not be dealt with, with its {@code image_uris}, {@code tile} and
   *     {@code view}
   * @param key that it would have been cached under
   */
  static Outcome failed(Row planned, String key, String reason, RuntimeException cause) {
    List<String> files = planned.getList(planned.fieldIndex("image_uris"));
    List<String> uris =
        Tile.of(planned).map(tile -> files.stream().map(tile::part).toList()).orElse(files);
    String detail =
        view(planned) + Objects.requireNonNullElseGet(cause.getMessage(), cause::toString);
    return new Failed(List.copyOf(uris), reason, detail, key);
  }

  /** Named where it is not the image as it is. */
  private static String view(Row planned) {
    String view = planned.getAs(CacheTables.VIEW);
    return view.equals(View.IDENTITY.text()) ? "" : "view " + view + ": ";
  }
}
