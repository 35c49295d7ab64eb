package stillhouse.cache;

import java.util.List;
import org.apache.spark.sql.Row;

/** The figures of a probe from its measurements, rows of {@link Probing#TYPE}. */
record ProbeSums(List<Row> measured) {
  CachePlan.Probe probe() {
    return new CachePlan.Probe(
        units(Probing.ENCODE),
        spread(Probing.ENCODE),
        spread(Probing.DECODE),
        spread(Probing.STRUCTURE),
        weight(Probing.ENCODE),
        weight(Probing.DECODE),
        weight(Probing.STRUCTURE));
  }

  private List<Row> of(String kind) {
    return measured.stream()
        .filter(row -> row.getString(0).equals(kind) && row.getLong(2) > 0)
        .toList();
  }

  private long units(String kind) {
    return of(kind).stream().mapToLong(row -> row.getLong(2)).sum();
  }

  /** Seconds a unit: the mean over all units, and quantiles over the measurements. */
  private CachePlan.Spread spread(String kind) {
    List<Row> rows = of(kind);
    if (rows.isEmpty()) {
      return CachePlan.Spread.NONE;
    }
    double[] each =
        rows.stream().mapToDouble(row -> row.getDouble(1) / row.getLong(2)).sorted().toArray();
    double seconds = rows.stream().mapToDouble(row -> row.getDouble(1)).sum();
    return new CachePlan.Spread(seconds / units(kind), quantile(each, 0.1), quantile(each, 0.9));
  }

  /**
   * The nearest measurement that was made.
   *
   * @param sorted at least one
   */
  static double quantile(double[] sorted, double share) {
    int rank = (int) Math.rint(share * (sorted.length - 1));
    return sorted[Math.min(sorted.length - 1, Math.max(0, rank))];
  }

  private CachePlan.Weight weight(String kind) {
    List<Row> rows = of(kind);
    double units = Math.max(1, units(kind));
    return new CachePlan.Weight(
        rows.stream().mapToLong(row -> row.getLong(3)).sum() / units,
        rows.stream().mapToLong(row -> row.getLong(4)).sum() / units);
  }
}
