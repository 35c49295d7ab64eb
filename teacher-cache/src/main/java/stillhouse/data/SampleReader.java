package stillhouse.data;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Spliterators;
import java.util.stream.StreamSupport;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.api.java.function.MapPartitionsFunction;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructField;
import org.apache.spark.sql.types.StructType;
import stillhouse.identity.Sha256;

/**
 * Reads listed files where the executors are: {@link SourceListing#rows} to rows of {@link
 * #SCHEMA}, one a sample: of a file its whole image, or its tiles and crops. A file that cannot be
 * used becomes one row with a reason and no identity.
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
  private final Map<Integer, MaskOrientation> orientations;
  private final Tiles tiles;
  private final Crops crops;
  private final long splitSeed;
  private final ListedFiles files;

  SampleReader(DatasetConfig config, Configuration hadoop) {
    this.labelReaders =
        config.sources().stream()
            .map(source -> source.layout().reader(config))
            .toArray(LabelReader[]::new);
    this.orientations = orientations(config.sources());
    this.tiles = config.tiles();
    this.crops = config.crops();
    this.splitSeed = config.splitSeed();
    this.files = new ListedFiles(hadoop);
  }

  /** By the source's number, of those that say it. */
  private static Map<Integer, MaskOrientation> orientations(List<DatasetConfig.Source> sources) {
    Map<Integer, MaskOrientation> said = new HashMap<>();
    for (int i = 0; i < sources.size(); i++) {
      int source = i;
      sources.get(i).orientation().ifPresent(o -> said.put(source, o));
    }
    return said;
  }

  @Override
  public Iterator<Row> call(Iterator<Row> files) {
    return StreamSupport.stream(Spliterators.spliteratorUnknownSize(files, 0), false)
        .flatMap(file -> read(file).stream())
        .iterator();
  }

  private List<Row> read(Row file) {
    try {
      return samples(file);
    } catch (UnreadableImageException e) {
      return List.of(quarantined(file, e));
    }
  }

  private List<Row> samples(Row file) {
    Row refused = file.getAs(SourceListing.REFUSED);
    if (refused != null) {
      throw new UnreadableImageException(
          refused.getAs(Samples.REASON), refused.getAs(Samples.DETAIL));
    }
    String uri = file.getAs(Samples.IMAGE_URI);
    byte[] bytes = files.read(uri, file.<Long>getAs(Samples.LENGTH));
    Picture picture = ImageCodec.check(bytes, tiles);
    Optional<LabelReader.Labels> read = labels(file, picture);
    Optional<ClassMask> labels = read.map(LabelReader.Labels::mask);
    Sha256 content = Sha256.of(bytes);
    String named = file.getAs(SourceListing.GROUP);
    String group = named == null ? content.hex() : named;
    SplitRule rule = SplitRule.valueOf(file.getAs(SourceListing.RULE));
    Split split = rule.assign(splitSeed, group);
    List<Row> samples = new ArrayList<>();
    long skipped = read.map(LabelReader.Labels::skipped).orElse(0L);
    for (FramePart part : parts(picture, labels, split, content)) {
      samples.add(sample(file, picture, content, labels, part, group, split, skipped));
      skipped = 0; // is of the file, and counted once
    }
    return samples;
  }

  private static Row sample(
      Row file,
      Picture picture,
      Sha256 content,
      Optional<ClassMask> labels,
      FramePart part,
      String group,
      Split split,
      long skipped) {
    String uri = file.getAs(Samples.IMAGE_URI);
    Optional<ClassMask> mask = labels.map(part::of);
    Optional<byte[]> png = mask.map(ImageCodec::encodePng);
    return RowFactory.create(
        part.sampleId(uri, content).hex(),
        uri,
        file.getAs(Samples.LENGTH),
        file.getAs(Samples.MTIME),
        content.hex(),
        part.tile().map(Tile::width).orElse(picture.width()),
        part.tile().map(Tile::height).orElse(picture.height()),
        png.orElse(null),
        group,
        split.label(),
        1f,
        mask.map(SampleReader::present).orElse(new Integer[0]),
        file.getAs(Samples.MASK_LENGTH),
        file.getAs(Samples.MASK_MTIME),
        file.getAs(Samples.SETTINGS),
        part.tile().map(Tile::row).orElse(null),
        part.counted().map(Tile::row).orElse(null),
        png.map(bytes -> Sha256.of(bytes).hex()).orElse(null),
        null,
        null,
        skipped,
        file.getAs(EXISTED),
        null);
  }

  /** What of a frame becomes samples: the whole or its tiles, and crops where it is trained on. */
  private List<FramePart> parts(
      Picture picture, Optional<ClassMask> labels, Split split, Sha256 content) {
    List<FramePart> parts =
        tiles.cuts(picture.width(), picture.height())
            ? tiles.of(picture.width(), picture.height())
            : List.of(FramePart.WHOLE);
    return split == Split.TRAIN
        ? labels.map(mask -> crops.beside(parts, mask, content)).orElse(parts)
        : parts;
  }

  /** The classes that a mask shows, ascending. */
  private static Integer[] present(ClassMask mask) {
    BitSet values = new BitSet();
    for (byte label : mask.classes()) {
      values.set(label & 0xff);
    }
    values.clear(0);
    values.clear(ClassMask.IGNORE);
    return values.stream().boxed().toArray(Integer[]::new);
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
    columns[SCHEMA.fieldIndex(Ledger.FORMER)] = file.getAs(Ledger.FORMER);
    return RowFactory.create(columns);
  }

  /** Empty where the image is unlabelled. */
  private Optional<LabelReader.Labels> labels(Row file, Picture picture) {
    if (file.getAs(SourceListing.MASK_URI) == null) {
      return Optional.empty();
    }
    String namesakes = file.getAs(SourceListing.NAMESAKES);
    if (namesakes != null) {
      throw new UnreadableImageException(
          "mask-shared",
          namesakes
              + " are named alike but for their endings, and which is whose can't be known; give"
              + " each image a name of its own");
    }
    int source = file.getAs(FolderListing.SOURCE);
    LabelFrame frame = new LabelFrame(picture, Optional.ofNullable(orientations.get(source)));
    LabelReader.Labels labels = labelReaders[source].read(file, frame, files);
    return Optional.of(new LabelReader.Labels(frame.turned(labels.mask()), labels.skipped()));
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
        .add(EXISTED, DataTypes.BooleanType, false)
        .add(Ledger.FORMER, DataTypes.StringType, true);
  }
}
