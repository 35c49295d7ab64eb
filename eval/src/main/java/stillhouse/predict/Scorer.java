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
import stillhouse.metrics.ImageCounts;
import stillhouse.metrics.MaskCounter;
import stillhouse.tensor.FloatTensor;

/** Counts the images of one partition, as they stream by. */
final class Scorer implements Iterator<Row> {
  private final Iterator<Row> rows;
  private final RowMasks.Reader masks;
  private final MaskCounter counter;

  private Scorer(Iterator<Row> rows, RowMasks.Reader masks, int classes) {
    this.rows = rows;
    this.masks = masks;
    this.counter = new MaskCounter(classes);
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
        rows, (row, width, height) -> mask(logits.logits(row), classes, width, height), classes);
  }

  /** Masks that are there already. */
  static Iterator<Row> byMask(RowMasks masks, Evaluation evaluation, Iterator<Row> rows) {
    return new Scorer(rows, masks.open(), evaluation.classNames().size());
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
      return ImageTable.row(sampleId, row.getAs(ImageTable.GROUP_ID), count(row));
    } catch (RuntimeException e) {
      throw new IllegalStateException("Cannot score sample " + sampleId + ": " + e.getMessage(), e);
    }
  }

  private ImageCounts count(Row row) {
    ClassMask truth = ImageCodec.decodeMask(row.getAs("mask"));
    ClassMask predicted = masks.mask(row, truth.width(), truth.height());
    return count(counter, predicted, truth, row);
  }

  /** Of a tile the pixels that are its own; both masks are of all of it. */
  static ImageCounts count(MaskCounter counter, ClassMask predicted, ClassMask truth, Row row) {
    return counted(row)
        .map(rectangle -> counter.count(predicted, truth, rectangle))
        .orElseGet(() -> counter.count(predicted, truth));
  }

  private static ClassMask mask(FloatTensor logits, int classes, int width, int height) {
    if (logits.rank() != 3 || logits.dim(0) != classes) {
      throw new IllegalArgumentException(
          "logits are " + logits + " (must be [" + classes + ", h, w])");
    }
    return Masks.fromLogits(logits, width, height);
  }

  /** In the tile's own pixels; empty where all of them count. */
  private static Optional<Tile> counted(Row row) {
    return Tile.of(row).flatMap(tile -> Tile.counted(row).map(own -> own.within(tile)));
  }
}
