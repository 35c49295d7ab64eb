package stillhouse.train;

import java.io.Serializable;
import java.util.Map;

/**
 * What a rank's process uses of its host at one moment.
 *
 * @param values by the names of {@link ProcessLoad}
 */
public record RankLoad(int rank, Map<String, Double> values) implements Serializable {
  private static final long serialVersionUID = 1L;

  public RankLoad {
    values = Map.copyOf(values);
  }
}
