package stillhouse.quantize;

import java.util.List;
import java.util.Set;

/**
 * How an INT8 file is made.
 *
 * @param inFloat names of nodes that stay as they are
 */
public record QdqOptions(Target target, Calibration calibration, Set<String> inFloat) {
  public QdqOptions {
    inFloat = Set.copyOf(inFloat);
  }

  List<String> sorted() {
    return inFloat.stream().sorted().toList();
  }
}
