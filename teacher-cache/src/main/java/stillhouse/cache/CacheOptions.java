package stillhouse.cache;

import java.io.Serializable;
import java.util.Collection;
import java.util.List;
import stillhouse.data.DatasetConfig;
import stillhouse.data.View;
import stillhouse.tensor.DType;

/**
 * @param featureEncoding how feature maps are stored; part of their key
 * @param structureRadius r of the dispersion window, in feature cells; part of the structure key
 * @param chunkRows images a chunk: what is lost at most when a run is stopped
 * @param partitions tasks a chunk at most; 0 leaves it to Spark's default parallelism
 * @param views in which the teacher sees each training image; of the other splits' it sees the
 *     images as they are
 */
public record CacheOptions(
    DType featureEncoding, int structureRadius, int chunkRows, int partitions, List<View> views)
    implements Serializable {
  public CacheOptions {
    views = View.ordered(views);
    if (!views.contains(View.IDENTITY)) {
      throw new IllegalArgumentException(
          "Invalid views of a cache: " + views + " (identity must be among them)");
    }
    if (structureRadius < 0 || chunkRows < 1 || partitions < 0) {
      throw new IllegalArgumentException(
          "Invalid cache options: structure radius "
              + structureRadius
              + " (must be >= 0), rows a chunk "
              + chunkRows
              + " (must be >= 1), partitions "
              + partitions
              + " (must be >= 0)");
    }
  }

  /** Of the images as they are. */
  public CacheOptions(DType featureEncoding, int structureRadius, int chunkRows, int partitions) {
    this(featureEncoding, structureRadius, chunkRows, partitions, View.ONLY_IDENTITY);
  }

  /** As a data set's YAML has it. */
  public static CacheOptions of(DatasetConfig.Cache cache, int chunkRows) {
    return new CacheOptions(cache.encoding(), cache.structureRadius(), chunkRows, 0, cache.views());
  }

  public CacheOptions withViews(Collection<View> others) {
    return new CacheOptions(
        featureEncoding, structureRadius, chunkRows, partitions, List.copyOf(others));
  }
}
