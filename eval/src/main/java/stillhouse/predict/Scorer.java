package stillhouse.predict;

import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import org.apache.spark.TaskContext;
import org.apache.spark.sql.Row;
import org.apache.spark.util.TaskCompletionListener;
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
  private final Function<Row, FloatTensor> logits;
  private final int classes;
  private final MaskCounter counter;

  private Scorer(Iterator<Row> rows, Function<Row, FloatTensor> logits, Evaluation evaluation) {
    this.rows = rows;
    this.logits = logits;
    this.classes = evaluation.classNames().size();
    this.counter = new MaskCounter(classes);
  }

  /** Runs the JVM's segmenter, which the task holds until it ends. */
  static Iterator<Row> bySegmenter(
      SegmenterSource source, ImageSource images, Evaluation evaluation, Iterator<Row> rows) {
    SegmenterPool.Lease lease = SegmenterPool.get().lease(source);
    TaskContext.get().addTaskCompletionListener((TaskCompletionListener) context -> lease.close());
    Segmenter segmenter = lease.segmenter();
    checkClasses(source.id(), segmenter.classNames(), evaluation.classNames());
    return new Scorer(rows, row -> segmenter.logits(read(images, row)), evaluation);
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

  static Iterator<Row> byRow(RowLogits logits, Evaluation evaluation, Iterator<Row> rows) {
    return new Scorer(rows, logits::logits, evaluation);
  }

  static void checkClasses(String id, List<String> has, List<String> wanted) {
    if (!has.equals(wanted)) {
      throw new IllegalArgumentException(
          "Cannot evaluate %s: it was trained on classes %s, the samples have %s"
              .formatted(id, has, wanted));
    }
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
    FloatTensor answer = logits.apply(row);
    if (answer.rank() != 3 || answer.dim(0) != classes) {
      throw new IllegalArgumentException(
          "logits are " + answer + " (must be [" + classes + ", h, w])");
    }
    ClassMask predicted = Masks.fromLogits(answer, truth.width(), truth.height());
    return counted(row)
        .map(rectangle -> counter.count(predicted, truth, rectangle))
        .orElseGet(() -> counter.count(predicted, truth));
  }

  /** In the tile's own pixels; empty where all of them count. */
  private static Optional<Tile> counted(Row row) {
    return Tile.of(row).flatMap(tile -> Tile.counted(row).map(own -> own.within(tile)));
  }
}
