package stillhouse.cache;

import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import stillhouse.data.DatasetConfig;
import stillhouse.teacher.PromptPlan;
import stillhouse.teacher.TeacherSpec;
import stillhouse.tensor.FloatTensor;
import stillhouse.tensor.TensorColumn;

/**
 * What an encoder has said of samples, for who asks the decoder about them: from the cache where it
 * is there. What is not there is asked, and goes through {@link #asStored}, so that an answer does
 * not depend on which of the two it was.
 */
public final class CachedFeatures {
  private static final int CHUNK_ROWS = 512; // as the cache job has them

  private final SparkSession session;
  private final CacheTables tables;
  private final CacheKeys keys;

  private CachedFeatures(SparkSession session, CacheTables tables, CacheKeys keys) {
    this.session = session;
    this.tables = tables;
    this.keys = keys;
  }

  /**
   * As a workspace keeps a data set's maps. Where it has none of the projections that the YAML asks
   * for, nothing of the teacher is cached, and maps keep their channels.
   *
   * @param plan only a teacher that takes prompts needs one; features do not depend on it
   */
  public static CachedFeatures of(
      SparkSession spark,
      String root,
      TeacherSpec teacher,
      PromptPlan plan,
      DatasetConfig.Cache cache) {
    CacheTables tables = CacheTables.of(root);
    Encoding encoding =
        Projections.fitted(spark, tables, cache, teacher)
            ? Projections.encoding(spark, tables, cache, teacher)
            : Encoding.of(cache.encoding());
    CacheKeys keys = CacheKeys.of(teacher, plan, encoding, cache.structureRadius());
    return new CachedFeatures(CacheFiles.session(spark), tables, keys);
  }

  public CacheKeys keys() {
    return keys;
  }

  /**
   * Hands on the samples whose features are cached, with columns that {@link #read} reads, some
   * files' worth at a time: each file is read once at most, and no map crosses the network.
   */
  public void cached(Dataset<Row> samples, Consumer<Dataset<Row>> part) {
    if (!isThere()) {
      return;
    }
    List<String> layers = keys.spec().layers().stream().map(CacheTables::layerColumn).toList();
    var files = new FeatureFiles(session, tables, layers);
    try (var staging = new Staging(session, tables.stagingPath(), false)) {
      Dataset<Row> located = files.located(CacheTables.keyed(samples, keys));
      Dataset<Row> plan = staging.put("prompts-plan", located, located.schema());
      for (ChunkedPass.Chunk chunk : files.chunks(staging, "prompts-chunks", plan, CHUNK_ROWS)) {
        part.accept(chunk.work().get());
      }
    }
  }

  /** The other samples. */
  public Dataset<Row> missing(Dataset<Row> samples) {
    Dataset<Row> keyed = CacheTables.keyed(samples, keys);
    if (!isThere()) {
      return keyed;
    }
    Dataset<Row> known = tables.features(session).select(CacheTables.FEATURE_KEY);
    return keyed.join(known, new String[] {CacheTables.FEATURE_KEY}, "left_anti");
  }

  /** Whether the table has the teacher's layers: one that holds other teachers' alone may not. */
  private boolean isThere() {
    if (CacheTables.version(session, tables.featuresPath()) < 0) {
      return false;
    }
    List<String> there = Arrays.asList(tables.features(session).columns());
    return keys.spec().layers().stream().map(CacheTables::layerColumn).allMatch(there::contains);
  }

  /** The maps of a row of {@link #cached}, by layer. */
  public static Map<String, FloatTensor> read(CacheKeys keys, Row row) {
    Map<String, FloatTensor> maps = new HashMap<>();
    keys.spec().layers().forEach(layer -> maps.put(layer, keys.encoding().restored(layer, row)));
    return maps;
  }

  /**
   * An encoder's own maps as they would be read from the cache.
   *
   * @throws RuntimeException where a value can't be stored, naming layer and value
   */
  public static Map<String, FloatTensor> asStored(CacheKeys keys, Map<String, FloatTensor> maps) {
    Encoding encoding = keys.encoding();
    Map<String, FloatTensor> stored = new HashMap<>();
    for (String layer : keys.spec().layers()) {
      Row row =
          UnstorableException.encode("layer '" + layer + "'", maps.get(layer), encoding, layer);
      stored.put(layer, encoding.restored(layer, TensorColumn.decode(row)));
    }
    return stored;
  }
}
