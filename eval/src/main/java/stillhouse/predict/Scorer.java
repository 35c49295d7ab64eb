package stillhouse.predict;

import java.util.Iterator;
import java.util.Optional;
import org.apache.spark.sql.Row;
import stillhouse.data.ClassMask;
import stillhouse.data.ImageCodec;
import stillhouse.data.ImageSource;
import stillhouse.data.RgbImage;
import stillhouse.data.Samples;
import stillhouse.data.Tile;
import stillhouse.data.UnreadableImageException;
import stillhouse.metrics.ConfusionCounter;
import stillhouse.metrics.ImageCounts;
import stillhouse.metrics.InstanceMatcher;
import stillhouse.metrics.MaskCounter;
import stillhouse.tensor.FloatTensor;

/** Counts the images of one partition, as they stream by. */
final class Scorer implements Iterator<Row> {
  private final Iterator<Row> rows;
  private final Prediction prediction;
  private final MaskCounter counter;
  private final ConfusionCounter confusion;
  private final InstanceMatcher matcher;

  /** What is said of a row's sample, at its truth's size. */
  @FunctionalInterface
  private interface Prediction {
    Masks.Labelled of(Row row, int width, int height);
  }

  private Scorer(Iterator<Row> rows, Prediction prediction, int classes) {
    this.rows = rows;
    this.prediction = prediction;
    this.counter = new MaskCounter(classes);
    this.confusion = new ConfusionCounter(classes);
    this.matcher = new InstanceMatcher(classes);
  }

  /** Runs the JVM's segmenter, which the task holds until it ends. */
  static Iterator<Row> bySegmenter(
      SegmenterSource source, ImageSource images, Evaluation evaluation, Iterator<Row> rows) {
    Segmenter segmenter = SegmenterPool.ofTask(source, evaluation.classNames());
    return byLogits(row -> segmenter.logits(read(images, row)), evaluation, rows);
  }

  /** Ingest could read the image, so what is in the way came later and ingest must see it. */
  static RgbImage read(ImageSource images, Row row) {
    try {
      return images.read(row);
    } catch (UnreadableImageException e) {
      throw new UnreadableImageException(
          e.reason(),
          row.getAs(Samples.IMAGE_URI)
              + " was ingested and can't be used now: "
              + e.detail()
              + ". Run the ingest job again, then cache, then evaluate",
          e);
    }
  }

  static Iterator<Row> byLogits(RowLogits logits, Evaluation evaluation, Iterator<Row> rows) {
    int classes = evaluation.classNames().size();
    return new Scorer(
        rows,
        (row, width, height) -> labelled(logits.logits(row), classes, width, height),
        classes);
  }

  /** Masks that are there already. */
  static Iterator<Row> byMask(RowMasks masks, Evaluation evaluation, Iterator<Row> rows) {
    RowMasks.Reader reader = masks.open();
    return new Scorer(
        rows,
        (row, width, height) -> new Masks.Labelled(reader.mask(row, width, height)),
        evaluation.classNames().size());
  }

  @Override
  public boolean hasNext() {
    return rows.hasNext();
  }

  @Override
  public Row next() {
    Row row = rows.next();
    String sampleId = row.getAs(ImageTable.SAMPLE_ID);
    try {
      return row(sampleId, row);
    } catch (RuntimeException e) {
      throw new IllegalStateException("Cannot score sample " + sampleId + ": " + e.getMessage(), e);
    }
  }

  private Row row(String sampleId, Row row) {
    ClassMask truth = ImageCodec.decodeMask(row.getAs("mask"));
    Masks.Labelled predicted = prediction.of(row, truth.width(), truth.height());
    ImageCounts counts = count(counter, predicted.mask(), truth, row);
    String group = row.getAs(ImageTable.GROUP_ID);
    Optional<Tile> part = counted(row);
    var cells =
        confusion.count(
            predicted.mask(), truth, part.orElse(new Tile(0, 0, truth.width(), truth.height())));
    return part.isPresent() // a tile cuts instances
        ? ImageTable.row(sampleId, group, counts, cells)
        : ImageTable.row(
            sampleId,
            group,
            counts,
            cells,
            matcher.match(predicted.mask(), truth, predicted.margins()));
  }

  /** Of a tile the pixels that are its own; both masks are of all of it. */
  static ImageCounts count(MaskCounter counter, ClassMask predicted, ClassMask truth, Row row) {
    return counted(row)
        .map(rectangle -> counter.count(predicted, truth, rectangle))
        .orElseGet(() -> counter.count(predicted, truth));
  }

  private static Masks.Labelled labelled(FloatTensor logits, int classes, int width, int height) {
    if (logits.rank() != 3 || logits.dim(0) != classes) {
      throw new IllegalArgumentException(
          "logits are " + logits + " (must be [" + classes + ", h, w])");
    }
    return Masks.labelled(logits, width, height);
  }

  /** In the tile's own pixels; empty where all of them count. */
  private static Optional<Tile> counted(Row row) {
    return Tile.of(row).flatMap(tile -> Tile.counted(row).map(own -> own.within(tile)));
  }
}
