package stillhouse.data;

import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import stillhouse.conf.ConfigException;

/** The classes 1…K of a data set by their names, and the two that none of them has. */
record ClassNames(List<String> names) {
  private static final String BACKGROUND = "background";
  private static final String IGNORE = "ignore";

  /**
   * The class that a YAML's map names: one of the data set's, else {@code background} or {@code
   * ignore}.
   *
   * @param key of the map, for the message
   */
  int index(String key, String name) {
    int at = names.indexOf(name);
    if (at >= 0) {
      return at + 1;
    }
    return switch (name) {
      case BACKGROUND -> 0;
      case IGNORE -> ClassMask.IGNORE;
      default ->
          throw new ConfigException(
              "Invalid %s: '%s' is no class (there are: %s)".formatted(key, name, allowed()));
    };
  }

  /** Each class by its own name. */
  SortedMap<String, Integer> byName() {
    SortedMap<String, Integer> indices = new TreeMap<>();
    names.forEach(name -> indices.put(name, names.indexOf(name) + 1));
    return indices;
  }

  /** Each class by its own index. */
  SortedMap<Integer, Integer> ordinals() {
    SortedMap<Integer, Integer> ordinals = new TreeMap<>();
    for (int k = 1; k <= names.size(); k++) {
      ordinals.put(k, k);
    }
    return ordinals;
  }

  private String allowed() {
    return Stream.concat(names.stream(), Stream.of(BACKGROUND, IGNORE))
        .collect(Collectors.joining(", "));
  }
}
