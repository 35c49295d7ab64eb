package stillhouse.htmlreport;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;

/**
 * A run's cascade.
 *
 * @param figures {@code cascade.json}
 * @param remarks sentences on what they are of
 */
public record Cascaded(JsonNode figures, List<String> remarks) {
  public Cascaded {
    remarks = List.copyOf(remarks);
  }
}
