package stillhouse.cache;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Queue;
import org.apache.spark.api.java.function.MapPartitionsFunction;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import stillhouse.data.ImageSource;
import stillhouse.data.RgbImage;
import stillhouse.data.View;
import stillhouse.teacher.Teacher;
import stillhouse.teacher.TeacherSource;
import stillhouse.teacher.TeacherSpec;
import stillhouse.tensor.FloatTensor;

/**
 * Planned contents to rows of the features table, a task's share at a time. The encoder is called
 * with exactly {@link TeacherSpec#batch()} images: the last batch is filled with its own last image
 * and what comes of it is dropped.
 */
record FeatureEncoding(
    TeacherSource source, TeacherAccess access, ImageSource images, CacheKeys keys)
    implements MapPartitionsFunction<Row, Row> {

  /** One row a content and view: {@code image_uris} are all the files that hold it, in order. */
  static final StructType PLAN =
      new StructType()
          .add(CacheTables.FEATURE_KEY, DataTypes.StringType)
          .add("content_sha256", DataTypes.StringType)
          .add("sample_id", DataTypes.StringType)
          .add(CacheTables.VIEW, DataTypes.StringType)
          .add("image_uris", DataTypes.createArrayType(DataTypes.StringType));

  private record Item(Row plan, RgbImage image) {}

  @Override
  public Iterator<Row> call(Iterator<Row> plan) {
    if (!plan.hasNext()) {
      return Collections.emptyIterator();
    }
    return new Batches(plan, TaskTeacher.acquire(access, source));
  }

  private final class Batches implements Iterator<Row> {
    private final Iterator<Row> plan;
    private final Teacher teacher;
    private final Queue<Row> ready = new ArrayDeque<>();

    Batches(Iterator<Row> plan, Teacher teacher) {
      this.plan = plan;
      this.teacher = teacher;
    }

    @Override
    public boolean hasNext() {
      while (ready.isEmpty() && plan.hasNext()) {
        encode(readBatch());
      }
      return !ready.isEmpty();
    }

    @Override
    public Row next() {
      if (!hasNext()) {
        throw new NoSuchElementException("No further features");
      }
      return ready.remove();
    }

    private List<Item> readBatch() {
      List<Item> batch = new ArrayList<>();
      while (plan.hasNext() && batch.size() < keys.spec().batch()) {
        read(plan.next(), batch);
      }
      return batch;
    }

    /** Any of the files will do; where none can be read, all are quarantined. */
    private void read(Row row, List<Item> batch) {
      List<String> uris = row.getList(row.fieldIndex("image_uris"));
      RuntimeException last = null;
      for (String uri : uris) {
        try {
          RgbImage image = images.read(uri, row.getAs("content_sha256"));
          batch.add(new Item(row, View.of(row.<String>getAs(CacheTables.VIEW)).of(image)));
          return;
        } catch (RuntimeException e) {
          last = e;
        }
      }
      ready.add(failure(row, "image unreadable", last));
    }

    private void encode(List<Item> batch) {
      if (batch.isEmpty()) {
        return;
      }
      List<RgbImage> images = new ArrayList<>(batch.stream().map(Item::image).toList());
      while (images.size() < keys.spec().batch()) {
        images.add(images.get(images.size() - 1));
      }
      List<Map<String, FloatTensor>> features = ask(batch, images);
      for (int i = 0; i < batch.size(); i++) {
        ready.add(row(batch.get(i).plan(), features.get(i)));
      }
    }

    private List<Map<String, FloatTensor>> ask(List<Item> batch, List<RgbImage> images) {
      List<Map<String, FloatTensor>> features;
      try {
        features = teacher.encode(images);
      } catch (RuntimeException e) {
        var uris = batch.stream().map(item -> item.plan().getAs("image_uris").toString()).toList();
        throw new IllegalStateException(
            "Cannot encode " + uris + " with teacher " + keys.spec().name(), e);
      }
      if (features.size() != images.size()) {
        throw new IllegalStateException(
            "Cannot use teacher %s: asked about %d images it answered %d"
                .formatted(keys.spec().name(), images.size(), features.size()));
      }
      return features;
    }
  }

  private Row failure(Row plan, String reason, RuntimeException cause) {
    return Outcome.failure(CacheTables.featuresType(keys.spec()).size(), plan, reason, cause);
  }

  private Row row(Row plan, Map<String, FloatTensor> features) {
    try {
      return success(plan, features);
    } catch (UnstorableException e) {
      return failure(plan, Outcome.UNSTORABLE, e);
    }
  }

  private Row success(Row plan, Map<String, FloatTensor> features) {
    TeacherSpec spec = keys.spec();
    List<Object> values = new ArrayList<>();
    values.add(plan.getAs(CacheTables.FEATURE_KEY));
    values.add(plan.getAs("content_sha256"));
    values.add(plan.getAs("sample_id"));
    values.add(spec.name());
    values.add(spec.encoderDigest().hex());
    values.add(spec.preprocessing().hex());
    values.add(plan.getAs(CacheTables.VIEW));
    values.add(keys.encoding().text());
    for (String layer : spec.layers()) {
      values.add(stored(layer, features.get(layer)));
    }
    return Outcome.success(values.toArray());
  }

  private Row stored(String layer, FloatTensor map) {
    if (map == null) {
      throw new IllegalStateException(
          "Cannot use teacher " + keys.spec().name() + ": it gave no layer '" + layer + "'");
    }
    String what = "layer '" + layer + "'";
    return layer.equals(keys.spec().embedding())
        ? UnstorableException.encodeForViews(what, map, keys.encoding(layer))
        : UnstorableException.encode(what, map, keys.encoding(layer));
  }
}
