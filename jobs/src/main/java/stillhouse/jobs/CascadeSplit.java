package stillhouse.jobs;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * The images of a split that a cascade was measured on.
 *
 * @param samples their digest, as scores have it
 * @param leftOut how many labelled images of the split are not among them, by reason
 */
record CascadeSplit(String name, String samples, Map<String, Long> leftOut) {
  static CascadeSplit of(TestSamples samples) {
    return new CascadeSplit(
        samples.split(), samples.set().digest().hex(), new TreeMap<>(samples.leftOut()));
  }

  /** What is to be said of those that are not there. */
  List<String> told() {
    return leftOut.entrySet().stream()
        .map(e -> "Left out of split %s: %d images, %s".formatted(name, e.getValue(), e.getKey()))
        .toList();
  }
}
