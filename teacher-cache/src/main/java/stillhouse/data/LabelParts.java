package stillhouse.data;

import java.util.List;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;

/**
 * Labels of an image that are not one file: files of classes, or annotations out of a larger file.
 * A column of {@link SourceListing#rows}, null where the labels are one file.
 */
final class LabelParts {
  static final String COLUMN = "labels";

  /** Of the image, as the labels have it; null where they don't. */
  static final String WIDTH = "width";

  static final String HEIGHT = "height";
  static final String PARTS = "parts";

  /** The parts' order. */
  static final String ORDINAL = "ordinal";

  /** 1…K, {@link ClassMask#IGNORE} or {@link LabelTable#REFUSED}. */
  static final String CLASS = "class";

  /** What the file calls the class. */
  static final String NAME = "name";

  static final String CROWD = "crowd";

  /** Of a file. */
  static final String URI = "uri";

  static final String LENGTH = "length";

  /** Of a file; the time is part of what is known of it. */
  static final String MTIME = "mtime";

  /** An annotation's segmentation, as JSON. */
  static final String TEXT = "text";

  /** Why there is no text. */
  static final String PROBLEM = "problem";

  static final StructType PART =
      new StructType()
          .add(ORDINAL, DataTypes.LongType)
          .add(CLASS, DataTypes.IntegerType)
          .add(NAME, DataTypes.StringType)
          .add(CROWD, DataTypes.BooleanType)
          .add(URI, DataTypes.StringType)
          .add(LENGTH, DataTypes.LongType)
          .add(MTIME, DataTypes.LongType)
          .add(TEXT, DataTypes.StringType)
          .add(PROBLEM, DataTypes.StringType);

  static final StructType TYPE =
      new StructType()
          .add(WIDTH, DataTypes.IntegerType)
          .add(HEIGHT, DataTypes.IntegerType)
          .add(PARTS, DataTypes.createArrayType(PART));

  private LabelParts() {}

  /** In their order. */
  static List<Row> of(Row listed) {
    return listed.<Row>getAs(COLUMN).getList(2);
  }
}
