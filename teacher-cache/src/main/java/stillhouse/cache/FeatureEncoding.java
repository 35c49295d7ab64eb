package stillhouse.cache;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Spliterators;
import java.util.stream.StreamSupport;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import stillhouse.data.ImageSource;
import stillhouse.data.RgbImage;
import stillhouse.data.Samples;
import stillhouse.data.Tile;
import stillhouse.data.View;
import stillhouse.teacher.EncodeAhead;
import stillhouse.teacher.Teacher;
import stillhouse.teacher.TeacherSource;
import stillhouse.teacher.TeacherSpec;
import stillhouse.tensor.FloatTensor;
import stillhouse.tensor.TensorColumn;

/**
 * Planned contents to rows of the features table, a task's share at a time, the next batch's images
 * being read while the encoder is at work on one: {@link EncodeAhead}.
 */
record FeatureEncoding(
    TeacherSource source, TeacherAccess access, ImageSource images, CacheKeys keys)
    implements Outcome.Work {

  /**
   * One row a content, or a tile of it, and view: {@code image_uris} are all the files that hold
   * it, in order.
   */
  static final StructType PLAN =
      new StructType()
          .add(CacheTables.FEATURE_KEY, DataTypes.StringType)
          .add("content_sha256", DataTypes.StringType)
          .add(CacheTables.VIEW, DataTypes.StringType)
          .add(Samples.TILE, Tile.TYPE)
          .add("image_uris", DataTypes.createArrayType(DataTypes.StringType));

  /** Tasks that share {@code rows} images: each has a batch at least. */
  static int tasks(SparkSession spark, TeacherSpec spec, long rows, int partitions) {
    long batches = (rows + spec.batch() - 1) / spec.batch();
    int slots = partitions > 0 ? partitions : spark.sparkContext().defaultParallelism();
    return (int) Math.min(slots, batches);
  }

  /**
   * The same rows of maps that the teacher has given before: planned contents with a column a
   * layer, as it gave it.
   */
  Outcome.Work said() {
    return rows ->
        StreamSupport.stream(Spliterators.spliteratorUnknownSize(rows, 0), false)
            .map(row -> outcome(row, layers(row)))
            .iterator();
  }

  private Map<String, FloatTensor> layers(Row row) {
    Map<String, FloatTensor> layers = new HashMap<>();
    for (String layer : keys.spec().layers()) {
      layers.put(layer, TensorColumn.decode(row.getAs(CacheTables.layerColumn(layer))));
    }
    return layers;
  }

  @Override
  public Iterator<Outcome> call(Iterator<Row> plan) {
    if (!plan.hasNext()) {
      return Collections.emptyIterator();
    }
    Teacher teacher = TaskTeacher.acquire(access, source);
    return EncodeAhead.inTask(teacher, plan, new Files())
        .map(this::features, this::unreadable, this::refused);
  }

  private final class Files implements EncodeAhead.Reading<Row> {
    /** Any of the files will do. */
    @Override
    public RgbImage read(Row plan) {
      RgbImage image = images.readAny(uris(plan), plan.getAs("content_sha256"), Tile.of(plan));
      return View.of(plan.<String>getAs(CacheTables.VIEW)).of(image);
    }

    @Override
    public String name(Row plan) {
      return uris(plan).toString();
    }

    private List<String> uris(Row plan) {
      return plan.getList(plan.fieldIndex("image_uris"));
    }
  }

  private Outcome unreadable(EncodeAhead.Unreadable<Row> row) {
    return failure(row.row(), Outcome.UNREADABLE, row.cause());
  }

  private Outcome refused(EncodeAhead.Refused<Row> row) {
    return failure(row.row(), Outcome.REFUSED, row.cause());
  }

  private static Outcome failure(Row plan, String reason, RuntimeException cause) {
    return Outcome.failed(plan, plan.getAs(CacheTables.FEATURE_KEY), reason, cause);
  }

  private Outcome features(EncodeAhead.Features<Row> encoded) {
    return outcome(encoded.row(), encoded.maps());
  }

  private Outcome outcome(Row plan, Map<String, FloatTensor> features) {
    try {
      return success(plan, features);
    } catch (UnstorableException e) {
      return failure(plan, Outcome.UNSTORABLE, e);
    }
  }

  private Outcome success(Row plan, Map<String, FloatTensor> features) {
    TeacherSpec spec = keys.spec();
    List<Object> values = new ArrayList<>();
    values.add(plan.getAs(CacheTables.FEATURE_KEY));
    values.add(plan.getAs("content_sha256"));
    values.add(plan.getAs(Samples.TILE));
    values.add(spec.name());
    values.add(spec.encoderDigest().hex());
    values.add(spec.preprocessing().hex());
    values.add(plan.getAs(CacheTables.VIEW));
    values.add(keys.encoding().text());
    for (String layer : spec.layers()) {
      values.add(stored(layer, features.get(layer)));
    }
    return Outcome.stored(values.toArray());
  }

  private Row stored(String layer, FloatTensor map) {
    if (map == null) {
      throw new IllegalStateException(
          "Cannot use teacher " + keys.spec().name() + ": it gave no layer '" + layer + "'");
    }
    String what = "layer '" + layer + "'";
    return layer.equals(keys.spec().embedding())
        ? UnstorableException.encodeForViews(what, map, keys.encoding(), layer)
        : UnstorableException.encode(what, map, keys.encoding(), layer);
  }
}
