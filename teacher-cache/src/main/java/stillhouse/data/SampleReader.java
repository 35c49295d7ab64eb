package stillhouse.data;

import java.util.BitSet;
import java.util.Iterator;
import java.util.Optional;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.api.java.function.MapPartitionsFunction;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructField;
import org.apache.spark.sql.types.StructType;
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

  /** Shapes without an area that were passed over in the image's labels. */
  static final String SKIPPED = "skipped";

  /** The sample's columns, all null where there is a {@link Samples#REASON}. */
  static final StructType SCHEMA = schema();

  private final LabelReader[] labelReaders;
  private final long splitSeed;
  private final ListedFiles files;

  SampleReader(DatasetConfig config, Configuration hadoop) {
    this.labelReaders =
        config.sources().stream()
            .map(source -> source.layout().reader(config))
            .toArray(LabelReader[]::new);
    this.splitSeed = config.splitSeed();
    this.files = new ListedFiles(hadoop);
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
    Row refused = file.getAs(SourceListing.REFUSED);
    if (refused != null) {
      throw new UnreadableImageException(
          refused.getAs(Samples.REASON), refused.getAs(Samples.DETAIL));
    }
    String uri = file.getAs(Samples.IMAGE_URI);
    byte[] bytes = files.read(uri, file.<Long>getAs(Samples.LENGTH));
    RgbImage image = ImageCodec.decodeRgb(bytes);
    Optional<LabelReader.Labels> labels = labels(file, image);
    Optional<ClassMask> mask = labels.map(LabelReader.Labels::mask);
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
        mask.map(ImageCodec::encodePng).orElse(null),
        group,
        rule.assign(splitSeed, group).label(),
        1f,
        mask.map(SampleReader::present).orElse(new Integer[0]),
        file.getAs(Samples.MASK_LENGTH),
        file.getAs(Samples.MASK_MTIME),
        file.getAs(Samples.SETTINGS),
        null,
        null,
        labels.map(LabelReader.Labels::skipped).orElse(0L),
        file.getAs(EXISTED));
  }

  private static Row quarantined(Row file, UnreadableImageException e) {
    Object[] columns = new Object[SCHEMA.size()];
    for (String kept : Samples.IDENTITY) {
      columns[SCHEMA.fieldIndex(kept)] = file.getAs(kept);
    }
    columns[SCHEMA.fieldIndex(Samples.REASON)] = e.reason();
    columns[SCHEMA.fieldIndex(Samples.DETAIL)] = e.detail();
    columns[SCHEMA.fieldIndex(SKIPPED)] = 0L;
    columns[SCHEMA.fieldIndex(EXISTED)] = file.getAs(EXISTED);
    return RowFactory.create(columns);
  }

  /** Empty where the image is unlabelled. */
  private Optional<LabelReader.Labels> labels(Row file, RgbImage image) {
    if (file.getAs(SourceListing.MASK_URI) == null) {
      return Optional.empty();
    }
    String namesakes = file.getAs(SourceListing.NAMESAKES);
    if (namesakes != null) {
      throw new UnreadableImageException(
          "mask-shared",
          namesakes
              + " are named alike but for their endings, and which is whose can't be known; give each image a name of its own");
    }
    LabelReader reader = labelReaders[file.<Integer>getAs(FolderListing.SOURCE)];
    LabelReader.Labels labels = reader.read(file, image.width(), image.height(), files);
    ClassMask mask = labels.mask();
    if (mask.width() != image.width() || mask.height() != image.height()) {
      throw new UnreadableImageException(
          "mask-size",
          "mask is "
              + ImageCodec.size(mask.width(), mask.height())
              + ", its image "
              + ImageCodec.size(image.width(), image.height()));
    }
    return Optional.of(labels);
  }

  /** The classes that a mask shows, ascending. */
  private static Integer[] present(ClassMask mask) {
    BitSet values = new BitSet();
    for (byte value : mask.classes()) {
      values.set(value & 0xff);
    }
    values.clear(0);
    values.clear(ClassMask.IGNORE);
    return values.stream().boxed().toArray(Integer[]::new);
  }

  private static StructType schema() {
    StructType schema = new StructType();
    for (StructField column : Samples.SCHEMA.fields()) {
      schema = schema.add(column.name(), column.dataType(), true);
    }
    return schema
        .add(Samples.REASON, DataTypes.StringType, true)
        .add(Samples.DETAIL, DataTypes.StringType, true)
        .add(SKIPPED, DataTypes.LongType, false)
        .add(EXISTED, DataTypes.BooleanType, false);
  }
}
