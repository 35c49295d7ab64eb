package stillhouse.jobs;

import picocli.CommandLine.Option;
import stillhouse.cache.CacheOptions;
import stillhouse.conf.ConfigException;
import stillhouse.data.DatasetConfig;

/** In which steps the cache is filled. */
final class ChunkOption {
  @Option(
      names = "--chunk",
      paramLabel = "N",
      defaultValue = "512",
      description = "images a commit: what a crash costs at most (default: ${DEFAULT-VALUE})")
  private int chunk;

  /** Before Spark starts. */
  void check() {
    if (chunk < 1) {
      throw new ConfigException("Invalid --chunk: " + chunk + " (must be >= 1)");
    }
  }

  CacheOptions options(DatasetConfig dataset) {
    return CacheOptions.of(dataset.cache(), chunk);
  }
}
