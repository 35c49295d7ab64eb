package stillhouse.cache;

import java.util.List;
import java.util.Objects;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import stillhouse.data.Tile;
import stillhouse.data.View;

/**
 * A staged row: a table's row, or in the columns after it which images could not be dealt with and
 * why.
 */
final class Outcome {
  static final String URIS = "failed_uris";
  static final String REASON = "failed_reason";
  static final String DETAIL = "failed_detail";
  static final String KEY = "failed_key";

  /** The reason of an image for which the teacher gave a value that no table can hold. */
  static final String UNSTORABLE = "value out of range";

  /** The reason of an image on which the teacher fails, asked about it alone. */
  static final String REFUSED = "teacher failed";

  /** The reason of an image that could not be read. */
  static final String UNREADABLE = "image unreadable";

  private static final int EXTRA = 4;

  private Outcome() {}

  static StructType type(StructType table) {
    return table
        .add(URIS, DataTypes.createArrayType(DataTypes.StringType))
        .add(REASON, DataTypes.StringType)
        .add(DETAIL, DataTypes.StringType)
        .add(KEY, DataTypes.StringType);
  }

  static Row success(Object... values) {
    Object[] all = new Object[values.length + EXTRA];
    System.arraycopy(values, 0, all, 0, values.length);
    return RowFactory.create(all);
  }

  /**
   * @param columns of the table, left null
   * @param planned what could not be dealt with, with its {@code image_uris}, {@code tile} and
   *     {@code view}
   * @param key that it would have been cached under
   */
  static Row failure(int columns, Row planned, String key, String reason, RuntimeException cause) {
    List<String> files = planned.getList(planned.fieldIndex("image_uris"));
    List<String> uris =
        Tile.of(planned).map(tile -> files.stream().map(tile::part).toList()).orElse(files);
    Object[] all = new Object[columns + EXTRA];
    all[columns] = uris.toArray(String[]::new);
    all[columns + 1] = reason;
    all[columns + 2] =
        view(planned) + Objects.requireNonNullElseGet(cause.getMessage(), cause::toString);
    all[columns + 3] = key;
    return RowFactory.create(all);
  }

  /** Named where it is not the image as it is. */
  private static String view(Row planned) {
    String view = planned.getAs(CacheTables.VIEW);
    return view.equals(View.IDENTITY.text()) ? "" : "view " + view + ": ";
  }
}
