package stillhouse.cache;

/** Called on the driver after each committed chunk. */
@FunctionalInterface
public interface Progress {
  Progress NONE = (done, total, phase) -> {};

  /**
   * @param done images (features) or feature rows (answers, structure) dealt with in this run
   * @param total how many this run found missing
   * @param phase {@code features | answers | structure}
   */
  void report(long done, long total, String phase);
}
