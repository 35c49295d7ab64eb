package stillhouse.cache;

/**
 * Called on the driver while a chunk is computed and after each that is committed. From any thread.
 */
@FunctionalInterface
public interface Progress {
  Progress NONE = (done, total, phase) -> {};

  /**
   * @param done images (features) or feature rows (answers, structure) dealt with in this run;
   *     those of a chunk that is not yet committed are lost with it
   * @param total how many this run found missing
   * @param phase {@code projection | features | answers | structure}
   */
  void report(long done, long total, String phase);
}
