package stillhouse.predict;

import java.util.Iterator;
import java.util.Optional;
import java.util.function.Supplier;
import org.apache.spark.TaskContext;
import org.apache.spark.sql.Row;
import org.apache.spark.util.TaskCompletionListener;
import stillhouse.data.Ahead;
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

/**
 * Counts the images of one partition, as they stream by. One sample more than the one that the
 * network is at is read and decoded, on a thread of the task's own.
 */
final class Scorer implements Iterator<Row> {
  private final Iterator<Ready> samples;
  private final MaskCounter counter;
  private final ConfusionCounter confusion;
  private final InstanceMatcher matcher;

  /**
   * A sample that is read.
   *
   * @param said what is said of it, at its truth's size
   */
  private record Ready(Row row, ClassMask truth, Supplier<Masks.Labelled> said) {}

  /** Reads what the prediction needs. */
  @FunctionalInterface
  private interface Reading {
    Supplier<Masks.Labelled> read(Row row, ClassMask truth);
  }

  private Scorer(Iterator<Row> rows, Reading reading, int classes) {
    var ahead =
        new Ahead<Row, Ready>(
            rows,
            row -> OfSample.work("score", row, () -> ready(row, reading)),
            ready -> {},
            Ahead.Ending.LEFT_ALONE,
            "read");
    TaskContext.get().addTaskCompletionListener((TaskCompletionListener) task -> ahead.close());
    this.samples = ahead;
    this.counter = new MaskCounter(classes);
    this.confusion = new ConfusionCounter(classes);
    this.matcher = new InstanceMatcher(classes);
  }

  private static Ready ready(Row row, Reading reading) {
    ClassMask truth = ImageCodec.decodeMask(row.getAs("mask"));
    return new Ready(row, truth, reading.read(row, truth));
  }

  /** Runs the JVM's segmenter, which the task holds until it ends. */
  static Iterator<Row> bySegmenter(
      SegmenterSource source, ImageSource images, Evaluation evaluation, Iterator<Row> rows) {
    Segmenter segmenter = SegmenterPool.ofTask(source, evaluation.classNames());
    int classes = evaluation.classNames().size();
    return new Scorer(
        rows,
        (row, truth) -> {
          RgbImage image = read(images, row);
          return () -> labelled(segmenter.logits(image), classes, truth);
        },
        classes);
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
        rows, (row, truth) -> () -> labelled(logits.logits(row), classes, truth), classes);
  }

  /** Masks that are there already. */
  static Iterator<Row> byMask(RowMasks masks, Evaluation evaluation, Iterator<Row> rows) {
    RowMasks.Reader reader = masks.open();
    return new Scorer(
        rows,
        (row, truth) -> {
          var said = new Masks.Labelled(reader.mask(row, truth.width(), truth.height()));
          return () -> said;
        },
        evaluation.classNames().size());
  }

  @Override
  public boolean hasNext() {
    return samples.hasNext();
  }

  @Override
  public Row next() {
    Ready sample = samples.next();
    return OfSample.work("score", sample.row, () -> row(sample));
  }

  private Row row(Ready sample) {
    Row row = sample.row;
    String sampleId = row.getAs(ImageTable.SAMPLE_ID);
    String group = row.getAs(ImageTable.GROUP_ID);
    ClassMask truth = sample.truth;
    Masks.Labelled said = sample.said.get();
    Optional<Tile> part = counted(row);
    Tile counted = part.orElse(new Tile(0, 0, truth.width(), truth.height()));
    ImageCounts counts = counter.count(said.mask(), truth, counted);
    var cells = confusion.count(said.mask(), truth, counted);
    return part.isPresent() // a tile cuts instances
        ? ImageTable.row(sampleId, group, counts, cells)
        : ImageTable.row(
            sampleId, group, counts, cells, matcher.match(said.mask(), truth, said.margins()));
  }

  /** Of a tile the pixels that are its own; both masks are of all of it. */
  static ImageCounts count(MaskCounter counter, ClassMask predicted, ClassMask truth, Row row) {
    return counted(row)
        .map(rectangle -> counter.count(predicted, truth, rectangle))
        .orElseGet(() -> counter.count(predicted, truth));
  }

  private static Masks.Labelled labelled(FloatTensor logits, int classes, ClassMask truth) {
    if (logits.rank() != 3 || logits.dim(0) != classes) {
      throw new IllegalArgumentException(
          "logits are " + logits + " (must be [" + classes + ", h, w])");
    }
    return Masks.labelled(logits, truth.width(), truth.height());
  }

  /** In the tile's own pixels; empty where all of them count. */
  private static Optional<Tile> counted(Row row) {
    return Tile.of(row).flatMap(tile -> Tile.counted(row).map(own -> own.within(tile)));
  }
}
