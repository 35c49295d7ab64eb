package stillhouse.jobs;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import stillhouse.conf.ConfigException;
import stillhouse.data.AnnotationNames;

/**
 * The classes of a COCO file or of a folder of labelme's files, and the keys that a source needs
 * for them.
 *
 * @param source keys beside the source's images and split
 */
record DescribedAnnotations(List<String> classes, Map<String, Object> source) {
  private static final Logger log = LoggerFactory.getLogger(DescribedAnnotations.class);

  // As the schema has it for the name of a class.
  private static final Pattern CLASS = Pattern.compile("[A-Za-z0-9][A-Za-z0-9 ._-]*");

  // labelme's own names for what is no class.
  private static final Map<String, String> NO_CLASS =
      Map.of("_background_", "background", "__ignore__", "ignore");

  /**
   * @param place a COCO file, or labelme's folder
   * @param wanted the classes; all where it is empty
   */
  static DescribedAnnotations of(Path place, List<String> wanted) throws IOException {
    AnnotationNames found = AnnotationNames.of(place);
    if (!found.unreadable().isEmpty()) {
      log.warn(
          "{} files can't be read and name no class (such as {})",
          found.unreadable().size(),
          found.unreadable().get(0));
    }
    if (found.names().isEmpty()) {
      throw new ConfigException(
          "No label in " + place + ": it has to be a COCO file or a folder of labelme's .json");
    }
    Map<String, Object> source = new LinkedHashMap<>();
    source.put("layout", found.layout());
    source.put("annotations", place.toAbsolutePath().normalize().toString());
    List<String> classes = wanted.isEmpty() ? all(found, source) : chosen(found, wanted, source);
    return new DescribedAnnotations(classes, source);
  }

  private static List<String> chosen(
      AnnotationNames found, List<String> wanted, Map<String, Object> source) {
    List<String> others = new ArrayList<>(found.names());
    others.removeAll(wanted);
    if (!others.isEmpty()) {
      source.put("others", "background");
      log.info("Background, since --classes does not name them: {}", others);
    }
    return wanted;
  }

  /** Names that a class can't have are those of classes that are numbered. */
  private static List<String> all(AnnotationNames found, Map<String, Object> source) {
    List<String> classes = new ArrayList<>();
    Map<String, String> labels = new LinkedHashMap<>();
    for (String name : found.names()) {
      if (NO_CLASS.containsKey(name)) {
        labels.put(name, NO_CLASS.get(name));
      } else if (CLASS.matcher(name).matches()) {
        classes.add(name);
      } else {
        String numbered = "class-" + (classes.size() + 1);
        classes.add(numbered);
        labels.put(name, numbered);
      }
    }
    if (!labels.isEmpty()) {
      source.put("labels", labels);
    }
    return classes;
  }
}
