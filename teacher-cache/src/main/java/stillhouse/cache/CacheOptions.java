package stillhouse.cache;

import java.io.Serializable;
import stillhouse.data.DatasetConfig;
import stillhouse.tensor.DType;

/**
 * @param featureEncoding how feature maps are stored; part of their key
 * @param structureRadius r of the dispersion window, in feature cells; part of the structure key
 * @param chunkRows images a chunk: what is lost at most when a run is stopped
 * @param partitions tasks a chunk at most; 0 leaves it to Spark's default parallelism
 */
public record CacheOptions(
    DType featureEncoding, int structureRadius, int chunkRows, int partitions)
    implements Serializable {
  public CacheOptions {
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

  /** As a data set's YAML has it. */
  public static CacheOptions of(DatasetConfig.Cache cache, int chunkRows) {
    return new CacheOptions(cache.encoding(), cache.structureRadius(), chunkRows, 0);
  }
}
