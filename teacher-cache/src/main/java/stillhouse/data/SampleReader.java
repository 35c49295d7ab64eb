package stillhouse.data;

import java.io.Serializable;
import java.util.BitSet;
import java.util.Iterator;
import java.util.List;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.api.java.function.MapPartitionsFunction;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructField;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.util.SerializableConfiguration;
import stillhouse.identity.Fingerprint;
import stillhouse.identity.Sha256;

/**
 * Reads listed files where the executors are: {@link SourceListing#rows} to rows of {@link
 * #SCHEMA}, one for one. A file that cannot be used becomes a row with a reason and no identity.
 */
final class SampleReader implements MapPartitionsFunction<Row, Row> {
  private static final long serialVersionUID = 1L;

  /** Whether the samples table had a row of this file before. */
  static final String EXISTED = "existed";

  /** The sample's columns, all null where there is a {@link Samples#REASON}. */
  static final StructType SCHEMA = schema();

  private final List<String> classes;
  private final int ignore;
  private final long splitSeed;
  private final SerializableConfiguration hadoop;

  SampleReader(DatasetConfig config, Configuration hadoop) {
    this.classes = config.classes();
    this.ignore = config.ignore();
    this.splitSeed = config.splitSeed();
    this.hadoop = new SerializableConfiguration(hadoop);
  }

  @Override
  public Iterator<Row> call(Iterator<Row> files) {
    return new Iterator<>() {
      @Override
      public boolean hasNext() {
        return files.hasNext();
      }

      @Override
      public Row next() {
        return read(files.next());
      }
    };
  }

  private Row read(Row file) {
    try {
      return sample(file);
    } catch (UnreadableImageException e) {
      return quarantined(file, e);
    }
  }

  private Row sample(Row file) {
    byte[] bytes = bytes(file, Samples.IMAGE_URI, Samples.LENGTH);
    RgbImage image = ImageCodec.decodeRgb(bytes);
    Labels labels = labels(file, image);
    String uri = file.getAs(Samples.IMAGE_URI);
    Sha256 content = Sha256.of(bytes);
    String named = file.getAs(SourceListing.GROUP);
    String group = named == null ? content.hex() : named;
    SplitRule rule = SplitRule.valueOf(file.getAs(SourceListing.RULE));
    return RowFactory.create(
        Fingerprint.of("sample").add("uri", uri).add("content", content).digest().hex(),
        uri,
        file.getAs(Samples.LENGTH),
        file.getAs(Samples.MTIME),
        content.hex(),
        image.width(),
        image.height(),
        labels.png(),
        group,
        rule.assign(splitSeed, group).label(),
        1f,
        labels.present(),
        file.getAs(Samples.MASK_LENGTH),
        file.getAs(Samples.MASK_MTIME),
        file.getAs(Samples.SETTINGS),
        null,
        null,
        file.getAs(EXISTED));
  }

  private static Row quarantined(Row file, UnreadableImageException e) {
    Object[] columns = new Object[SCHEMA.size()];
    for (String kept : Samples.IDENTITY) {
      columns[SCHEMA.fieldIndex(kept)] = file.getAs(kept);
    }
    columns[SCHEMA.fieldIndex(Samples.REASON)] = e.reason();
    columns[SCHEMA.fieldIndex(Samples.DETAIL)] = e.detail();
    columns[SCHEMA.fieldIndex(EXISTED)] = file.getAs(EXISTED);
    return RowFactory.create(columns);
  }

  private byte[] bytes(Row file, String uriColumn, String lengthColumn) {
    String uri = file.getAs(uriColumn);
    long listed = file.<Long>getAs(lengthColumn);
    byte[] bytes = ImageReader.read(uri, hadoop.value());
    if (bytes.length != listed) {
      throw new UnreadableImageException(
          "content-changed",
          uri + " had " + listed + " bytes when listed and " + bytes.length + " when read");
    }
    return bytes;
  }

  private Labels labels(Row file, RgbImage image) {
    if (file.getAs(SourceListing.MASK_URI) == null) {
      return new Labels(null, new Integer[0]);
    }
    String namesakes = file.getAs(SourceListing.NAMESAKES);
    if (namesakes != null) {
      throw new UnreadableImageException(
          "mask-shared",
          namesakes
              + " are named alike but for their endings, and which is whose can't be known; give each image a name of its own");
    }
    byte[] bytes = bytes(file, SourceListing.MASK_URI, Samples.MASK_LENGTH);
    ClassMask mask;
    try {
      mask = ImageCodec.decodeMask(bytes);
    } catch (UnreadableImageException e) {
      String reason = e.reason().startsWith("mask-") ? e.reason() : "mask-" + e.reason();
      throw new UnreadableImageException(
          reason, file.getAs(SourceListing.MASK_URI) + ": " + e.detail(), e);
    }
    if (mask.width() != image.width() || mask.height() != image.height()) {
      throw new UnreadableImageException(
          "mask-size",
          "mask is "
              + ImageCodec.size(mask.width(), mask.height())
              + ", its image "
              + ImageCodec.size(image.width(), image.height()));
    }
    BitSet values = relabel(mask);
    return new Labels(ImageCodec.encodePng(mask), values.stream().boxed().toArray(Integer[]::new));
  }

  /**
   * The classes present, ascending; the data set's ignore value becomes {@link ClassMask#IGNORE}.
   */
  private BitSet relabel(ClassMask mask) {
    BitSet values = new BitSet();
    BitSet unknown = new BitSet();
    byte[] pixels = mask.classes();
    for (int i = 0; i < pixels.length; i++) {
      int value = pixels[i] & 0xff;
      if (value == ignore) {
        pixels[i] = (byte) ClassMask.IGNORE;
      } else if (value <= classes.size()) {
        values.set(value);
      } else {
        unknown.set(value);
      }
    }
    if (!unknown.isEmpty()) {
      throw new UnreadableImageException(
          "mask-values",
          "values "
              + unknown
              + " are no class (0 background, 1…"
              + classes.size()
              + " "
              + String.join(", ", classes)
              + ", "
              + ignore
              + " ignored)");
    }
    values.clear(0);
    return values;
  }

  private static StructType schema() {
    StructType schema = new StructType();
    for (StructField column : Samples.SCHEMA.fields()) {
      schema = schema.add(column.name(), column.dataType(), true);
    }
    return schema
        .add(Samples.REASON, DataTypes.StringType, true)
        .add(Samples.DETAIL, DataTypes.StringType, true)
        .add(EXISTED, DataTypes.BooleanType, false);
  }

  /**
   * @param png null where the image is unlabelled
   */
  private record Labels(byte[] png, Integer[] present) implements Serializable {}
}
