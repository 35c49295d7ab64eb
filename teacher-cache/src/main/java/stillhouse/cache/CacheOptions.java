package stillhouse.cache;

import java.util.Collection;
import java.util.List;
import stillhouse.data.DatasetConfig;
import stillhouse.data.View;
import stillhouse.tensor.DType;

/**
 * @param cache how maps are stored and structure is measured, as a data set's YAML has it
 * @param chunkRows images a chunk: what is lost at most when a run is stopped
 * @param partitions tasks a chunk at most; 0 leaves it to Spark's default parallelism
 */
public record CacheOptions(DatasetConfig.Cache cache, int chunkRows, int partitions) {
  public CacheOptions {
    int structureRadius = cache.structureRadius();
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

  /** Of maps that keep their channels. */
  public CacheOptions(DType featureEncoding, int structureRadius, int chunkRows, int partitions) {
    this(new DatasetConfig.Cache(featureEncoding, structureRadius), chunkRows, partitions);
  }

  /**
   * In which the teacher sees each training image; of the other splits' it sees them as they are.
   */
  public List<View> views() {
    return cache.views();
  }

  public static CacheOptions of(DatasetConfig.Cache cache, int chunkRows) {
    return new CacheOptions(cache, chunkRows, 0);
  }

  public CacheOptions withViews(Collection<View> others) {
    return new CacheOptions(cache.withViews(List.copyOf(others)), chunkRows, partitions);
  }
}
