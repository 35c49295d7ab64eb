package stillhouse.prompts;

import java.io.Serializable;
import java.util.Collections;
import java.util.Iterator;
import java.util.Map;
import java.util.Optional;
import java.util.Spliterators;
import java.util.function.Supplier;
import java.util.stream.StreamSupport;
import org.apache.spark.TaskContext;
import org.apache.spark.sql.Row;
import org.apache.spark.util.TaskCompletionListener;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import stillhouse.cache.CacheKeys;
import stillhouse.cache.CachedFeatures;
import stillhouse.data.ClassMask;
import stillhouse.data.ImageCodec;
import stillhouse.data.ImageSource;
import stillhouse.data.RgbImage;
import stillhouse.data.Samples;
import stillhouse.data.Tile;
import stillhouse.teacher.EncodeAhead;
import stillhouse.teacher.Teacher;
import stillhouse.teacher.TeacherPool;
import stillhouse.teacher.TeacherSource;
import stillhouse.tensor.FloatTensor;

/**
 * A task's share of samples to rows of {@link PromptTable}, with the JVM's one loaded teacher. An
 * image that fails is a row that says why; those beside it go on.
 */
record PromptTask(TeacherSource source, ImageSource images, CacheKeys keys, PromptProtocol protocol)
    implements Serializable {
  private static final Logger log = LoggerFactory.getLogger(PromptTask.class);

  /** Samples with their cached features. */
  Iterator<Row> cached(Iterator<Row> rows) {
    if (!rows.hasNext()) {
      return Collections.emptyIterator(); // without loading a network
    }
    Teacher teacher = teacher();
    return StreamSupport.stream(Spliterators.spliteratorUnknownSize(rows, 0), false)
        .map(row -> scored(row, PromptTable.CACHED, teacher, () -> CachedFeatures.read(keys, row)))
        .iterator();
  }

  /** Samples whose features the encoder is asked for, an image ahead of the decoder. */
  Iterator<Row> asked(Iterator<Row> rows) {
    if (!rows.hasNext()) {
      return Collections.emptyIterator();
    }
    Teacher teacher = teacher();
    return EncodeAhead.inTask(teacher, rows, new Files(images))
        .map(
            said ->
                scored(
                    said.row(),
                    PromptTable.ASKED,
                    teacher,
                    () -> CachedFeatures.asStored(keys, said.maps())),
            without -> failed(without.row(), PromptTable.ASKED, without.cause()),
            refused -> failed(refused.row(), PromptTable.ASKED, refused.cause()));
  }

  /** Given back with the task. */
  private Teacher teacher() {
    Teacher teacher = TeacherPool.shared().acquire(source);
    TaskContext.get().addTaskCompletionListener((TaskCompletionListener) task -> teacher.close());
    return teacher;
  }

  private record Files(ImageSource images) implements EncodeAhead.Reading<Row> {
    @Override
    public RgbImage read(Row row) {
      return images.read(row);
    }

    @Override
    public String name(Row row) {
      return row.getAs(Samples.IMAGE_URI);
    }
  }

  private Row scored(
      Row row, String from, Teacher teacher, Supplier<Map<String, FloatTensor>> features) {
    try {
      return PromptTable.scored(row, from, score(row, teacher, features.get()));
    } catch (RuntimeException e) {
      return failed(row, from, e);
    }
  }

  private ImageScore score(Row row, Teacher teacher, Map<String, FloatTensor> features) {
    ClassMask labels = ImageCodec.decodeMask(row.getAs(Samples.MASK));
    Optional<Tile> counted =
        Tile.of(row).flatMap(tile -> Tile.counted(row).map(own -> own.within(tile)));
    try (Teacher.Asking image = teacher.asking(features, labels.width(), labels.height())) {
      return ImageScore.of(protocol, image, labels, counted);
    }
  }

  private Row failed(Row row, String from, RuntimeException cause) {
    String why = String.valueOf(cause.getMessage());
    log.warn("Left out sample {}: {}", row.<String>getAs(Samples.SAMPLE_ID), why);
    return PromptTable.failed(row, from, protocol, why);
  }
}
